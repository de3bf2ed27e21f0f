"""The one place that commits (docs/decisions/0001-transactions.md)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.engine import LOCK_TIMEOUT_SECONDS

T = TypeVar("T")

ATTEMPTS = 5
# A wait that is shorter does not shorten the next one: that would take a statement.
NOTICEABLE_SECONDS = 0.1
SHORTEST_LOCK_MILLISECONDS = 100
SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
UNIQUE_VIOLATION = "23505"
EXCLUSION_VIOLATION = "23P01"
INSUFFICIENT_PRIVILEGE = "42501"
# After one of these the command sees, when it runs again, what the other transaction committed,
# and answers by the rules: a taken slot is refused with its alternatives, a used key is replayed.
_RUN_AGAIN = {SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION, EXCLUSION_VIOLATION}


async def transact(engine: AsyncEngine, command: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run `command` in one transaction and commit it, or leave no trace.

    Where another transaction got in the way, it runs again from the start, a bounded number of
    times; so it must do nothing that cannot be rolled back.
    """
    started = monotonic()
    for _ in range(ATTEMPTS - 1):
        try:
            async with _begin(engine, started) as db:
                return await command(db)
        except (DBAPIError, asyncpg.PostgresError) as error:
            if sqlstate(error) not in _RUN_AGAIN:
                raise
    async with _begin(engine, started) as db:
        return await command(db)


@asynccontextmanager
async def _begin(engine: AsyncEngine, started: float) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction whose waits for locks are shortened by the time since `started`."""
    async with engine.begin() as db:
        waited = monotonic() - started
        if waited > NOTICEABLE_SECONDS:
            left = max(round(1000 * (LOCK_TIMEOUT_SECONDS - waited)), SHORTEST_LOCK_MILLISECONDS)
            await db.execute(text(f"SET LOCAL lock_timeout = {left}"))
        yield db


async def allow_outside_wait(db: AsyncConnection) -> None:
    """Let this transaction stay idle for up to five minutes, while something outside is waited for.

    For a mail server only: what is locked meanwhile is a notification, which no client waits for.
    """
    await db.execute(text("SET LOCAL idle_in_transaction_session_timeout = '5min'"))


async def allow_long_statements(db: AsyncConnection) -> None:
    """Let a statement of this transaction run for up to five minutes: what nobody waits for."""
    await db.execute(text("SET LOCAL statement_timeout = '5min'"))


async def prefer_indexes(db: AsyncConnection) -> None:
    """Make the planner use an index for every statement of this transaction that can use one."""
    await db.execute(text("SET LOCAL enable_seqscan = off"))


def sqlstate(error: Exception) -> str | None:
    """Give PostgreSQL's five-character code of an error, where it has one.

    Hot statements raise the driver's own errors, all others SQLAlchemy's around them.
    """
    return getattr(getattr(error, "orig", error), "sqlstate", None)
