"""The migrations lead to exactly the declared tables, and back."""

from collections.abc import Callable
from datetime import timedelta

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.embedded import SERVICE
from app.database.migrations import alembic_config, is_at_head, migrate
from app.settings import Settings
from app.webhooks.models import WebhookEndpoint
from tests.world import NOW, World


async def run(engine: AsyncEngine, step: Callable[[Config], object]) -> None:
    async with engine.begin() as db:
        await db.run_sync(lambda connection: step(alembic_config(connection)))


async def revision(engine: AsyncEngine) -> str | None:
    async with engine.connect() as db:
        return await db.run_sync(
            lambda connection: MigrationContext.configure(connection).get_current_revision()
        )


async def tables(owner: asyncpg.Connection) -> set[str]:
    rows = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return {row["tablename"] for row in rows}


async def schema(owner: asyncpg.Connection) -> list[tuple[str, ...]]:
    """Describe columns, constraints and indexes, to compare before and after."""
    rows = await owner.fetch(
        """
        SELECT 'column', table_name::text, column_name::text,
               data_type || is_nullable || coalesce(column_default, '')
          FROM information_schema.columns WHERE table_schema = 'public'
        UNION ALL
        SELECT 'constraint', conrelid::regclass::text, conname::text, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL
        SELECT 'index', tablename::text, indexname::text, indexdef
          FROM pg_indexes WHERE schemaname = 'public'
        ORDER BY 1, 2, 3, 4
        """
    )
    return [tuple(row.values()) for row in rows]


async def test_the_migrations_make_exactly_the_declared_tables(
    owner_engine: AsyncEngine,
) -> None:
    await run(owner_engine, command.check)


async def test_the_migrations_walk_down_and_up_again(
    owner_engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    before, head = await schema(owner), await revision(owner_engine)
    await run(owner_engine, lambda config: command.downgrade(config, "base"))
    assert await tables(owner) == {"alembic_version"}
    assert await revision(owner_engine) is None
    await run(owner_engine, lambda config: command.upgrade(config, "head"))
    assert await revision(owner_engine) == head
    assert await schema(owner) == before


async def test_migrating_again_changes_nothing(
    settings: Settings, owner: asyncpg.Connection
) -> None:
    before = await schema(owner)
    await migrate(settings.owner_url, SERVICE)
    assert await schema(owner) == before


async def test_the_service_knows_whether_the_database_is_at_its_schema(
    engine: AsyncEngine, owner: asyncpg.Connection
) -> None:
    assert await is_at_head(engine)
    await owner.execute("UPDATE alembic_version SET version_num = 'another'")
    assert not await is_at_head(engine)


async def test_migrating_restores_the_services_privileges(
    settings: Settings, owner: asyncpg.Connection, service: asyncpg.Connection
) -> None:
    await owner.execute(f"GRANT ALL ON changes TO {SERVICE}; REVOKE ALL ON fees FROM {SERVICE}")
    await migrate(settings.owner_url, SERVICE)
    for table, privilege, expected in (
        ("changes", "UPDATE", False),
        ("changes", "INSERT", True),
        ("fees", "UPDATE", True),
    ):
        found = await service.fetchval(
            "SELECT has_table_privilege($1::text, $2::text)", table, privilege
        )
        assert found is expected


async def jobs(owner: asyncpg.Connection) -> list[tuple[str, int, str]]:
    rows = await owner.fetch("SELECT entrypoint, priority, dedupe_key FROM pgqueuer ORDER BY id")
    return [tuple(row.values()) for row in rows]


async def test_jobs_that_wait_for_their_reminder_are_moved_to_its_entrypoint(
    owner_engine: AsyncEngine, owner: asyncpg.Connection, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://crm.example/", events=[], secret="s")
    await world.book(NOW + timedelta(days=3))
    now = await jobs(owner)
    assert sorted(job[:2] for job in now) == [
        ("send_notice", 0),
        ("send_notice", 5),
        ("send_reminder", 5),
        ("send_webhook", 0),
    ]
    before = "20261123_practice_side"
    await run(owner_engine, lambda config: command.downgrade(config, before))
    old = {"send_notice": "send_notice", "send_reminder": "send_notice"}
    assert await jobs(owner) == [(old.get(name, name), 0, key) for name, _, key in now]
    await run(owner_engine, lambda config: command.upgrade(config, "head"))
    assert await jobs(owner) == now
