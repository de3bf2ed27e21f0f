"""Connections to PostgreSQL."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

CONNECT_TIMEOUT_SECONDS = 5


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

    Raises:
        OSError: no server is reached, or none of the kind that `target_session_attrs` asks for.
        CannotConnectNowError: it is starting, or stopping.
    """
    urls = one_by_one(driver_url(url))
    refusal: Exception = ConnectionRefusedError()
    for single in urls:
        try:
            return await asyncpg.connect(single, timeout=CONNECT_TIMEOUT_SECONDS / len(urls))
        except asyncpg.TargetServerAttributeNotMatched as error:
            # Between the end of one primary and the promotion of the next, all are standbys.
            refusal = ConnectionRefusedError(str(error))
        except (OSError, asyncpg.CannotConnectNowError) as error:
            refusal = error
    raise refusal


def one_by_one(url: str) -> list[str]:
    """Spell a URL that names several hosts as one URL for each of them, in their order."""
    parts = urlsplit(url)
    login, at, hosts = parts.netloc.rpartition("@")
    if "," not in hosts:
        return [url]
    return [parts._replace(netloc=f"{login}{at}{host}").geturl() for host in hosts.split(",")]


def create_engine(url: str, *, pool_size: int) -> AsyncEngine:
    """Make the pool of one process. A connection that died in the pool is replaced unseen."""

    async def open_connection() -> asyncpg.Connection:
        return await connect(url)

    return create_async_engine(
        "postgresql+asyncpg://",
        async_creator=open_connection,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        # What clients write must not reach a log by way of an error message.
        hide_parameters=True,
    )


@asynccontextmanager
async def brief_engine(url: str) -> AsyncIterator[AsyncEngine]:
    """Make a pool for the length of one command, and leave no connection behind."""
    engine = create_engine(url, pool_size=2)
    try:
        yield engine
    finally:
        await engine.dispose()
