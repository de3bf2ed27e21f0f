"""No statement gets a dead connection, whether it was closed or lost silently."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest
from sqlalchemy import PoolProxiedConnection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.embedded import SERVICE, EmbeddedServer
from app.database.engine import create_engine
from tests.patience import until

Use = Callable[[AsyncEngine], Awaitable[asyncpg.Connection]]


@pytest.fixture
async def engine(server: EmbeddedServer, database: str) -> AsyncIterator[AsyncEngine]:
    """Connect to the server directly: behind a pooler, one backend serves several connections."""
    made = create_engine(server.url(SERVICE, database), pool_size=10)
    yield made
    await made.dispose()


async def connect(engine: AsyncEngine) -> asyncpg.Connection:
    """Use a connection through SQLAlchemy."""
    async with engine.connect() as db:
        return driver_of(await db.get_raw_connection())


async def read(engine: AsyncEngine) -> asyncpg.Connection:
    """Use a connection as hot reads do."""
    held = await engine.raw_connection()
    try:
        return driver_of(held)
    finally:
        held.close()


def driver_of(held: PoolProxiedConnection) -> asyncpg.Connection:
    driver = held.driver_connection
    assert isinstance(driver, asyncpg.Connection)
    return driver


both_ways = pytest.mark.parametrize("use", [connect, read])


@both_ways
async def test_a_live_connection_is_reused(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    first = await use(engine)
    for seconds in (3600.0, 0.0):  # without a check, and after a successful one
        monkeypatch.setattr("app.database.engine.IDLE_SECONDS", seconds)
        assert await use(engine) is first


@both_ways
async def test_a_connection_that_the_server_closed_is_replaced_without_a_check(
    engine: AsyncEngine, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    first = await use(engine)
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    await admin.execute("SELECT pg_terminate_backend($1)", first.get_server_pid())
    await admin.close()

    async def is_closed() -> bool:
        return bool(first.is_closed())

    await until(is_closed)
    second = await use(engine)
    assert second is not first
    assert await second.fetchval("SELECT 1") == 1
    assert await use(engine) is second


@both_ways
async def test_connections_as_old_as_a_dead_one_are_replaced_too(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    old, dead = await engine.raw_connection(), await engine.raw_connection()
    drivers = [driver_of(old), driver_of(dead)]
    dead.close()
    await drivers[1].close()
    assert await use(engine) not in drivers
    old.close()
    new = await use(engine)
    assert new not in drivers
    assert await new.fetchval("SELECT 1") == 1


@both_ways
async def test_an_idle_connection_is_checked(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch, use: Use
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    first = await use(engine)

    async def cut(*_: object, **__: object) -> None:
        raise TimeoutError

    # The driver cannot detect a network that drops packets.
    monkeypatch.setattr(asyncpg.Connection, "fetchval", cut)
    assert await use(engine) is first, "it was used a moment ago"
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 0.0)
    assert await use(engine) is not first


async def test_an_exhausted_pool_is_waited_for(
    server: EmbeddedServer, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    engine = create_engine(server.url(SERVICE, database), pool_size=1)
    first = await read(engine)
    held = await engine.raw_connection()
    waiting = asyncio.create_task(read(engine))
    await asyncio.sleep(0)
    assert not waiting.done()
    held.close()
    assert await waiting is first
    await engine.dispose()


async def test_a_pool_that_was_disposed_of_opens_new_connections(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    first = await read(engine)
    await engine.dispose()
    second = await read(engine)
    assert second is not first
    assert await second.fetchval("SELECT 1") == 1


async def test_statements_are_planned_once_per_connection(engine: AsyncEngine) -> None:
    async with engine.connect() as db:
        assert await db.scalar(text("SHOW plan_cache_mode")) == "force_generic_plan"
