"""Migrations run without timeouts, in one process at a time, and never backwards."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings, SettingsError
from app.database import migrations
from app.database.embedded import OWNER, SERVICE, EmbeddedServer
from app.database.engine import brief_engine, connect
from app.database.migrations import migrate, schema_problem, set_role_limits

pytestmark = pytest.mark.own_database

BOUNDS = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout")


@pytest.mark.parametrize("of_role", ["", "3s"])
async def test_a_migration_may_take_its_time(
    settings: Settings,
    owner: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    database: str,
    of_role: str,
) -> None:
    """Also where the service owns its tables, and its role has timeouts because of a pgbouncer."""
    found: list[str] = []

    def look(connection: Connection, _: str) -> None:
        found.extend(connection.scalar(text(f"SHOW {bound}")) or "" for bound in BOUNDS)

    for bound in BOUNDS if of_role else ():
        await owner.execute(f"ALTER ROLE {OWNER} IN DATABASE {database} SET {bound} = '{of_role}'")
    monkeypatch.setattr(migrations, "_upgrade", look)
    await migrate(settings.owner_url, SERVICE)
    assert found == ["0", "0", "0"]


async def test_the_service_has_timeouts(settings: Settings) -> None:
    async with brief_engine(settings.owner_url) as engine, engine.connect() as db:
        found = [await db.scalar(text(f"SHOW {bound}")) for bound in BOUNDS]
    assert found == ["3s", "10s", "15s"]


@pytest.mark.slow
async def test_of_several_concurrent_migrations_one_runs(
    settings: Settings, owner: asyncpg.Connection, engine: AsyncEngine
) -> None:
    await owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    await owner.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
    await asyncio.gather(*(migrate(settings.owner_url, SERVICE) for _ in range(3)))
    assert await schema_problem(engine) is None


async def test_a_schema_of_another_version_is_not_changed(
    settings: Settings, owner: asyncpg.Connection
) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = 'of_the_next_version'")
    with pytest.raises(SettingsError, match="another version"):
        await migrate(settings.owner_url, SERVICE)
    found = await owner.fetchval("SELECT version_num FROM alembic_version")
    assert found == "of_the_next_version"


async def test_a_service_without_privileges_gets_an_error_that_says_how_to_grant_them(
    settings: Settings, owner: asyncpg.Connection, engine: AsyncEngine
) -> None:
    """For example, after a backup was restored without privileges."""
    await owner.execute(f"REVOKE ALL ON alembic_version FROM {SERVICE}")
    assert await schema_problem(engine) == (
        "The service's role has no rights in the database. Run `reslot migrate`."
    )
    await migrate(settings.owner_url, SERVICE)
    assert await schema_problem(engine) is None


async def test_the_role_of_the_service_has_the_timeouts(
    settings: Settings, server: EmbeddedServer, database: str
) -> None:
    """For a pooler that does not forward connection settings."""
    for _ in range(2):
        await asyncio.gather(*(set_role_limits(settings.service_url) for _ in range(2)))
    for url, found in (
        (server.url(SERVICE, database), ["3s", "10s", "15s"]),
        (server.url(SERVICE, "postgres"), ["0", "0", "0"]),
        (settings.owner_url, ["0", "0", "0"]),
    ):
        db = await connect(url)
        assert [await db.fetchval(f"SHOW {bound}") for bound in BOUNDS] == found
        await db.close()
