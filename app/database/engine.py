"""Connections to PostgreSQL."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from app.configuration.settings import SettingsError

CONNECT_TIMEOUT_SECONDS = 5
# Bounds of waiting: docs/decisions/0021-bounds-of-waiting.md.
POOL_TIMEOUT_SECONDS = 3
LOCK_TIMEOUT_SECONDS = 3
# Of each connection of the service.
SERVICE_SETTINGS = {
    "plan_cache_mode": "force_generic_plan",
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
}
_BOUNDED = "; ".join(f"SET {name} = '{value}'" for name, value in SERVICE_SETTINGS.items())
# Said, because the role may have bounds of its own.
_UNBOUNDED = """
    SET lock_timeout = 0;
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
"""
STATEMENTS_KEPT = 100  # prepared, by each connection; the driver's own default
# For a pgbouncer before 1.21. The driver takes it as an argument only, and the server knows no such
# parameter.
_UNPREPARED = "statement_cache_size=0"
# A connection that lay idle for longer is asked for a sign of life before it is used.
IDLE_SECONDS = 1.0
SIGN_OF_LIFE_SECONDS = 5.0
_IDLE_SINCE = "reslot_idle_since"


def driver_url(url: str) -> str:
    """Spell a URL the way the driver reads it, whatever dialect it names.

    All else is left to the driver, so that `sslmode`, sockets and passwords work as in libpq.
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


async def connect(url: str) -> asyncpg.Connection:
    """Open a connection of its own, outside the pool, to the first host that will do.

    The driver bounds the time of all hosts together, so one that is silent would use up all of it:
    here each has its own share.

    With `statement_cache_size=0` among the URL's parameters no statement stays prepared.

    Raises:
        OSError: no server is reached, or none of the kind that `target_session_attrs` asks for.
        CannotConnectNowError: it is starting, or stopping.
        SettingsError: the driver does not understand what the URL says behind its `?`.
    """
    address, _, query = driver_url(url).partition("?")
    said = query.split("&")
    passed_on = "&".join(part for part in said if part != _UNPREPARED)
    urls = one_by_one(f"{address}?{passed_on}" if passed_on else address)
    refusal: Exception = ConnectionRefusedError()
    for single in urls:
        try:
            return await asyncpg.connect(
                single,
                timeout=CONNECT_TIMEOUT_SECONDS / len(urls),
                statement_cache_size=0 if _UNPREPARED in said else STATEMENTS_KEPT,
            )
        except asyncpg.TargetServerAttributeNotMatched as error:
            # Between the end of one primary and the promotion of the next, all are standbys.
            refusal = ConnectionRefusedError(str(error))
        except (OSError, asyncpg.CannotConnectNowError) as error:
            refusal = error
        except ValueError as error:
            raise SettingsError(
                "Bad setting. DATABASE_URL, or DATABASE_OWNER_URL: the driver (asyncpg) does not "
                "understand its options."
            ) from error
    raise refusal


def one_by_one(url: str) -> list[str]:
    """Spell a URL that names several hosts as one URL for each of them, in their order."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [url]
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


def create_engine(url: str, *, pool_size: int, bounded: bool = True) -> AsyncEngine:
    """Make the pool of one process. A connection that died in the pool is replaced unseen.

    Statements are planned once for each connection and not for each execution: ours are written so
    that the plan does not depend on the values, and planning the longer ones takes several times as
    long as running them. Waiting for a connection, for a lock and for a statement is bounded;
    without `bounded`, as for a migration, only waiting for a connection is.
    """

    async def opened() -> asyncpg.Connection:
        connection = await connect(url)
        await connection.execute(_BOUNDED if bounded else _UNBOUNDED)
        return connection

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=opened,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        # The one that was used last has the most still at hand, here and in the database.
        pool_use_lifo=True,
        # What clients write must not reach a log by way of an error message.
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkin", _note_return)
    event.listen(engine.sync_engine, "checkout", _check)
    return engine


def _note_return(_: object, entry: ConnectionPoolEntry) -> None:
    """Note since when a connection of the pool is idle."""
    entry.info[_IDLE_SINCE] = time.monotonic()


def _check(connection: Any, entry: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401 - SQLAlchemy's
    """Raise where a connection is dead, so that the pool opens a new one instead.

    The driver knows of every connection that was closed. Only one that was cut off silently has to
    be asked, and only where it was idle: `pool_pre_ping` asks each time, in three round trips.

    Raises:
        InvalidatePoolError: it is dead, and so are probably all that are as old.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    since = entry.info.get(_IDLE_SINCE)
    if since is None or time.monotonic() - since < IDLE_SECONDS:
        return
    try:
        connection.run_async(
            lambda driver: driver.fetchval("SELECT 1", timeout=SIGN_OF_LIFE_SECONDS)
        )
    except Exception as error:  # whatever it is, the connection is of no use
        raise InvalidatePoolError from error


@asynccontextmanager
async def brief_engine(url: str, *, bounded: bool = True) -> AsyncIterator[AsyncEngine]:
    """Make a pool for the length of one command, and leave no connection behind."""
    engine = create_engine(url, pool_size=2, bounded=bounded)
    try:
        yield engine
    finally:
        await engine.dispose()
