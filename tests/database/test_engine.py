"""Dead connections reach no statement: neither those that were closed nor those cut silently."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.embedded import SERVICE, EmbeddedServer
from app.database.engine import create_engine
from tests.patience import until


@pytest.fixture
async def engine(server: EmbeddedServer, database: str) -> AsyncIterator[AsyncEngine]:
    """Connect to the server itself: behind a pooler one backend serves several connections."""
    made = create_engine(server.url(SERVICE, database), pool_size=10)
    yield made
    await made.dispose()


async def backend(engine: AsyncEngine) -> int:
    async with engine.connect() as db:
        return int(await db.scalar(text("SELECT pg_backend_pid()")) or 0)


async def driver_of(engine: AsyncEngine) -> asyncpg.Connection:
    async with engine.connect() as db:
        driver = (await db.get_raw_connection()).driver_connection
        assert isinstance(driver, asyncpg.Connection)
        return driver


async def test_a_connection_that_lives_is_kept(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seconds in (3600.0, 0.0):  # without asking, and because it answers
        monkeypatch.setattr("app.database.engine.IDLE_SECONDS", seconds)
        assert await backend(engine) == await backend(engine)


async def test_a_connection_that_the_server_closed_is_replaced_without_asking(
    engine: AsyncEngine, server: EmbeddedServer
) -> None:
    first, driver = await backend(engine), await driver_of(engine)
    admin = await asyncpg.connect(server.url("postgres", "postgres"))
    await admin.execute("SELECT pg_terminate_backend($1)", first)
    await admin.close()

    async def is_closed() -> bool:
        return bool(driver.is_closed())

    await until(is_closed)
    assert await backend(engine) != first


async def test_a_connection_that_lay_idle_is_asked_for_a_sign_of_life(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 3600.0)
    first = await backend(engine)

    async def cut(*_: object, **__: object) -> None:
        raise TimeoutError

    # Of a network that drops packets the driver knows nothing.
    monkeypatch.setattr(asyncpg.Connection, "fetchval", cut)
    assert await backend(engine) == first, "it was used a moment ago"
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 0.0)
    assert await backend(engine) != first


async def test_statements_are_planned_once_a_connection(engine: AsyncEngine) -> None:
    async with engine.connect() as db:
        assert await db.scalar(text("SHOW plan_cache_mode")) == "force_generic_plan"
