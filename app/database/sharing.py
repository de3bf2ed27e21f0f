"""Runs short commands of several tasks in one transaction: a commit costs more than a command."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.transactions import transact

T = TypeVar("T")
Command = Callable[[AsyncConnection], Awaitable[T]]

AT_ONCE = 3
MOST = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    command: Command[Any]
    result: asyncio.Future[Any]


class SharedTransactions:
    """Runs at most three transactions at once. What waits meanwhile shares the next one.

    A command may fail only with an exception, and must not wait for anything but the database. The
    commands of a transaction are committed together, or each is run again in one of its own. So a
    command holds its locks while others run: it should lock only what nobody else waits for.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting: deque[_Waiting] = deque()

    async def transact(self, command: Command[T]) -> T:
        """Run a command in a transaction, after its commit return the result.

        As with `transact` it may run more than once, so it must do nothing that cannot be rolled
        back.
        """
        mine = _Waiting(command, asyncio.get_running_loop().create_future())
        self._waiting.append(mine)
        try:
            async with self._turns:
                while mine in self._waiting:
                    await self._run(self._next())
        except BaseException:
            if mine in self._waiting:
                self._waiting.remove(mine)
            raise
        result: T = await mine.result
        return result

    async def transact_alone(self, command: Command[T]) -> T:
        """Run a command that locks what others wait for: in a transaction of its own."""
        async with self._turns:
            return await transact(self._engine, command)

    def _next(self) -> list[_Waiting]:
        return [self._waiting.popleft() for _ in range(min(MOST, len(self._waiting)))]

    async def _run(self, waiting: list[_Waiting]) -> None:
        try:
            results = await transact(self._engine, lambda db: _run_all(db, waiting))
        except Exception as error:  # noqa: BLE001 - whoever waits gets it
            if len(waiting) == 1:
                _fail(waiting, error)
                return
            for one in waiting:
                await self._run([one])
            return
        except BaseException:
            _fail(waiting, ConnectionError())
            raise
        for one, result in zip(waiting, results, strict=True):
            if not one.result.done():
                one.result.set_result(result)


async def _run_all(db: AsyncConnection, waiting: list[_Waiting]) -> list[Any]:
    return [await one.command(db) for one in waiting]


def _fail(waiting: list[_Waiting], error: Exception) -> None:
    for one in waiting:
        if not one.result.done():
            one.result.set_exception(error)
