"""Connections to PostgreSQL: URLs, time limits, pools."""

import random
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
from app.database.bounds import (
    CONNECT_TIMEOUT_SECONDS,
    LOCK_TIMEOUT_SECONDS,
    POOL_TIMEOUT_SECONDS,
)

# Settings of each connection of the service.
SERVICE_SETTINGS = {
    "lock_timeout": f"{LOCK_TIMEOUT_SECONDS}s",
    "statement_timeout": "10s",
    "idle_in_transaction_session_timeout": "15s",
}
# The setting that decides how often the server plans a statement, and its value as SQL. Citus finds
# the shard of a practice by the value, and has no plan without it for most statements.
PLANS = "plan_cache_mode"
HAS_CITUS = "EXISTS (SELECT FROM pg_catalog.pg_extension WHERE extname = 'citus')"
PLANS_VALUE = f"CASE WHEN {HAS_CITUS} THEN 'force_custom_plan' ELSE 'force_generic_plan' END"
_BOUNDED = "; ".join(
    [
        *(f"SET {name} = '{value}'" for name, value in SERVICE_SETTINGS.items()),
        f"SELECT set_config('{PLANS}', {PLANS_VALUE}, false)",
    ]
)
# Set explicitly, because the role may have its own limits.
_UNBOUNDED = """
    SET lock_timeout = 0;
    SET statement_timeout = 0;
    SET idle_in_transaction_session_timeout = 0;
"""
STATEMENTS_KEPT = 100  # prepared statements per connection; the driver's default
# For pgbouncer before 1.21. The driver accepts it as an argument only; in the URL it would go to
# the server.
_UNPREPARED = "statement_cache_size=0"
# For a cluster, where every host is an entrance. The driver does not know the parameter.
_BALANCED = "load_balance_hosts=random"
# A connection that was idle for longer is tested before it is used.
IDLE_SECONDS = 1.0
TEST_TIMEOUT_SECONDS = 5.0
_IDLE_SINCE = "reslot_idle_since"


def driver_url(url: str) -> str:
    """Return the URL without the name of a SQLAlchemy dialect, as the driver reads it.

    The driver interprets the rest, so that `sslmode`, sockets and passwords work as in libpq.
    """
    scheme, _, rest = url.partition("://")
    return f"{scheme.partition('+')[0]}://{rest}"


async def connect(url: str) -> asyncpg.Connection:
    """Open a connection outside of the pool to the first suitable host of the URL.

    Each host gets an equal part of CONNECT_TIMEOUT_SECONDS. The driver's own timeout is for all
    hosts together, so one host that does not answer would use all of it.

    With the parameter `statement_cache_size=0` in the URL no statement stays prepared. With
    `load_balance_hosts=random`, as libpq has it, the hosts are tried in random order.

    Raises:
        OSError: no host can be reached, or none matches `target_session_attrs`.
        CannotConnectNowError: the server is starting or stopping.
        SettingsError: the driver does not accept the parameters of the URL.
    """
    address, _, query = driver_url(url).partition("?")
    said = query.split("&")
    passed_on = "&".join(part for part in said if part not in {_UNPREPARED, _BALANCED})
    urls = split_hosts(f"{address}?{passed_on}" if passed_on else address)
    if _BALANCED in said:
        random.shuffle(urls)
    refusal: Exception = ConnectionRefusedError()
    for single in urls:
        try:
            return await asyncpg.connect(
                single,
                timeout=CONNECT_TIMEOUT_SECONDS / len(urls),
                statement_cache_size=0 if _UNPREPARED in said else STATEMENTS_KEPT,
            )
        except asyncpg.TargetServerAttributeNotMatched as error:
            # During a failover, before the promotion of the next primary, all hosts are standbys.
            refusal = ConnectionRefusedError(str(error))
        except (OSError, asyncpg.CannotConnectNowError) as error:
            refusal = error
        except ValueError as error:
            raise SettingsError(
                "Bad setting. DATABASE_URL, or DATABASE_OWNER_URL: the driver (asyncpg) does not "
                "understand its options."
            ) from error
    raise refusal


def split_hosts(url: str) -> list[str]:
    """Split a URL with several hosts into one URL for each host, in the same order."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [url]
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


def create_engine(url: str, *, pool_size: int, bounded: bool = True) -> AsyncEngine:
    """Make a connection pool. A connection that is lost while idle is replaced at checkout.

    The server plans a statement once per connection, not for each execution: the plans of our
    statements do not depend on the values, and planning the longer ones takes several times as long
    as running them. A server with the citus extension plans each execution.

    Waiting for a connection, for a lock and for a statement has a time limit; without `bounded`, as
    for a migration, only waiting for a connection has one.
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
        # LIFO: the connection that was used last has the warmest caches, here and in the server.
        pool_use_lifo=True,
        # Error messages are logged and must not contain what clients entered.
        hide_parameters=True,
    )
    event.listen(engine.sync_engine, "checkin", _note_return)
    event.listen(engine.sync_engine, "checkout", _check)
    return engine


def _note_return(_: object, entry: ConnectionPoolEntry) -> None:
    """Store the time since which a connection of the pool is idle."""
    entry.info[_IDLE_SINCE] = time.monotonic()


def _check(connection: Any, entry: ConnectionPoolEntry, _: object) -> None:  # noqa: ANN401 - SQLAlchemy's
    """Check a connection at checkout, so that the pool replaces a lost one.

    The driver knows which connections were closed. Only a connection that was cut without notice
    must be tested, and only after it was idle. `pool_pre_ping` would test at each checkout, with
    three round trips.

    Raises:
        InvalidatePoolError: the connection is lost, and probably all of the same age too.
    """
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError
    since = entry.info.get(_IDLE_SINCE)
    if since is None or time.monotonic() - since < IDLE_SECONDS:
        return
    try:
        connection.run_async(
            lambda driver: driver.fetchval("SELECT 1", timeout=TEST_TIMEOUT_SECONDS)
        )
    except Exception as error:  # after any error the connection is not usable
        raise InvalidatePoolError from error


@asynccontextmanager
async def brief_engine(url: str, *, bounded: bool = True) -> AsyncIterator[AsyncEngine]:
    """Make a pool for one command of the command line, and close all its connections."""
    engine = create_engine(url, pool_size=2, bounded=bounded)
    try:
        yield engine
    finally:
        await engine.dispose()
