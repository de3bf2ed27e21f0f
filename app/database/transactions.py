"""Runs commands in transactions. Nothing else commits (docs/decisions/0001-transactions.md)."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from time import monotonic
from typing import TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.bounds import LOCK_TIMEOUT_SECONDS

T = TypeVar("T")

ATTEMPTS = 5
# A shorter wait does not reduce the next lock timeout, because that costs a statement.
NOTICEABLE_SECONDS = 0.1
SHORTEST_LOCK_MILLISECONDS = 100
SERIALIZATION_FAILURE = "40001"
DEADLOCK = "40P01"
UNIQUE_VIOLATION = "23505"
EXCLUSION_VIOLATION = "23P01"
INSUFFICIENT_PRIVILEGE = "42501"
# After one of these the command runs again and sees what the other transaction has committed, so it
# answers by its rules: a taken slot is refused with alternatives, a used key is replayed.
_RUN_AGAIN = {SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION, EXCLUSION_VIOLATION}

# The connection failed; authentication failed; too many connections; the server starts or stops.
_NO_CONNECTION = ("08", "28", "53300", "57P03")


async def transact(engine: AsyncEngine, command: Callable[[AsyncConnection], Awaitable[T]]) -> T:
    """Run `command` in one transaction and commit it, or roll back everything.

    After a conflict with another transaction the command runs again from the start, at most
    ATTEMPTS times in total. So it must do nothing that cannot be rolled back.
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


def read_connection(engine: AsyncEngine) -> AsyncConnection:
    """Open a connection for reads, where each statement is a transaction of its own."""
    return engine.execution_options(isolation_level="AUTOCOMMIT").connect()


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Open a transaction that only reads, in which all statements see the same state.

    Its statements, and the pauses of a reader between them, may take up to five minutes.
    """
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    async with engine.execution_options(**options).connect() as db:
        await allow_long_statements(db)
        await allow_outside_wait(db)
        yield db


@asynccontextmanager
async def _begin(engine: AsyncEngine, started: float) -> AsyncIterator[AsyncConnection]:
    """Begin a transaction. Its lock timeout is reduced by the time since `started`, in seconds."""
    async with engine.begin() as db:
        waited = monotonic() - started
        if waited > NOTICEABLE_SECONDS:
            left = max(round(1000 * (LOCK_TIMEOUT_SECONDS - waited)), SHORTEST_LOCK_MILLISECONDS)
            await db.execute(text(f"SET LOCAL lock_timeout = {left}"))
        yield db


async def allow_outside_wait(db: AsyncConnection) -> None:
    """Let this transaction stay idle for up to five minutes while it waits for a mail server.

    Only for sending mails: the transaction locks a notification, for which no request waits.
    """
    await db.execute(text("SET LOCAL idle_in_transaction_session_timeout = '5min'"))


async def allow_long_statements(db: AsyncConnection) -> None:
    """Let statements of this transaction run for up to five minutes, for background work."""
    await db.execute(text("SET LOCAL statement_timeout = '5min'"))


async def prefer_indexes(db: AsyncConnection) -> None:
    """Make the planner use an index for every statement of this transaction that can use one."""
    await db.execute(text("SET LOCAL enable_seqscan = off"))


def refuses_connection(error: BaseException) -> bool:
    """Return whether the server cannot be reached, or does not let the role in.

    This is not so of a database that does not exist.
    """
    state = sqlstate(error)
    return isinstance(error, OSError) if state is None else state.startswith(_NO_CONNECTION)


def sqlstate(error: BaseException) -> str | None:
    """Return the SQLSTATE of an error; None if it has none.

    Hot statements raise the driver's errors, all others SQLAlchemy's, which wrap the driver's.
    """
    return getattr(getattr(error, "orig", error), "sqlstate", None)
