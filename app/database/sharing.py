"""Runs commands of several tasks together: in one transaction, those of a kind as one command.

A commit costs more than a short command, and so does waiting for each statement in turn.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.transactions import transact

S = TypeVar("S")
T = TypeVar("T")
# Does the same for each of its subjects, and returns a result for each, in the same order.
Command = Callable[[AsyncConnection, Sequence[S]], Awaitable[Sequence[T]]]

AT_ONCE = 3
MOST = 20


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    command: Command[Any, Any]
    subject: Any
    result: asyncio.Future[Any]


class SharedTransactions:
    """Runs at most three transactions at once. What waits meanwhile shares the next one.

    There, a command runs once for all subjects that wait for it. It may fail only with an
    exception, and must not wait for anything but the database. The commands of a transaction are
    committed together, or each is run again for each subject in one of its own. So a command holds
    its locks while others run: it should lock only what nobody else waits for.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._waiting: deque[_Waiting] = deque()

    async def transact(self, command: Command[S, T], subject: S) -> T:
        """Run a command for a subject in a transaction, after its commit return the result.

        As with `transact` it may run more than once, so it must do nothing that cannot be rolled
        back.
        """
        mine = _Waiting(command, subject, asyncio.get_running_loop().create_future())
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

    async def transact_alone(self, command: Command[S, T], subject: S) -> T:
        """Run a command that locks what others wait for: in a transaction of its own."""
        async with self._turns:
            (result,) = await transact(self._engine, lambda db: command(db, [subject]))
        return result

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
        for one, result in results.items():
            if not one.result.done():
                one.result.set_result(result)


async def _run_all(db: AsyncConnection, waiting: list[_Waiting]) -> dict[_Waiting, Any]:
    results: dict[_Waiting, Any] = {}
    for command in dict.fromkeys(one.command for one in waiting):
        its_own = [one for one in waiting if one.command == command]
        found = await command(db, [one.subject for one in its_own])
        results.update(zip(its_own, found, strict=True))
    return results


def _fail(waiting: list[_Waiting], error: Exception) -> None:
    for one in waiting:
        if not one.result.done():
            one.result.set_exception(error)
