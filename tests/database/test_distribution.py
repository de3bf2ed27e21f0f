"""Distribution by practice, on a server without the citus extension: it changes nothing there.

With a cluster: tests/drills/test_citus.py.
"""

import asyncpg
import pytest
from sqlalchemy import Column, Connection, MetaData, Table, Uuid, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings, SettingsError
from app.database.distribution import distribute, distributed_tables, distributing_new_tables
from app.database.embedded import SERVICE
from app.database.migrations import migrate
from app.tables.all import metadata
from tests.fixtures.command_line import refusal


async def test_a_server_without_the_extension_is_left_as_it_is(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="no citus extension"):
        await distribute(settings.owner_url, SERVICE, metadata)


@pytest.mark.usefixtures("shell")
def test_the_command_says_so_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    said = refusal(monkeypatch, "distribute")
    assert said.startswith("reslot: The database has no citus extension: ")
    assert "\n" not in said


def test_practices_come_first_and_each_table_after_those_that_it_refers_to() -> None:
    tables = distributed_tables(metadata)
    assert tables[0].name == "practices"
    for number, table in enumerate(tables):
        known = {other.name for other in tables[: number + 1]}
        for reference in table.foreign_key_constraints:
            assert reference.use_alter or reference.referred_table.name in known


def test_only_what_belongs_to_no_practice_is_not_distributed() -> None:
    distributed = {table.name for table in distributed_tables(metadata)}
    assert set(metadata.tables) - distributed == {"sign_in_counters", "sign_in_requests"}


async def test_new_tables_are_made_as_usual(owner_engine: AsyncEngine) -> None:
    def create(connection: Connection) -> list[str]:
        with distributing_new_tables(connection):
            pets = Table("pets", MetaData(), Column("practice_id", Uuid, primary_key=True))
            pets.create(connection)
            found = connection.scalars(
                text("SELECT tablename FROM pg_tables WHERE tablename = 'pets'")
            ).all()
        pets.drop(connection)
        return list(found)

    async with owner_engine.begin() as db:
        assert await db.run_sync(create) == ["pets"]


@pytest.mark.own_database
async def test_the_command_asks_for_the_schema_first(
    settings: Settings, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.database.distribution._HAS_EXTENSION", text("SELECT true"))
    await owner.execute("ALTER TABLE alembic_version RENAME TO no_version")
    with pytest.raises(SettingsError, match="Run `reslot migrate`"):
        await distribute(settings.owner_url, SERVICE, metadata)


@pytest.mark.own_database  # `reslot migrate`, in other tests, sets it for a whole database
async def test_a_plain_server_plans_a_statement_once(
    settings: Settings, service: asyncpg.Connection, engine: AsyncEngine
) -> None:
    await migrate(settings.owner_url, SERVICE)
    async with engine.connect() as db:
        assert await db.scalar(text("SHOW plan_cache_mode")) == "force_generic_plan"
    assert await service.fetchval("SHOW plan_cache_mode") == "auto"
