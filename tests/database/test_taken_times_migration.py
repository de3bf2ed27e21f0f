"""Sessions keep their time when it moves into a table of its own."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.database.test_migrations import run
from tests.database.test_spacing import LENGTH, MINUTE, START
from tests.database.test_taken_time_migration import put
from tests.world import World

pytestmark = pytest.mark.own_database

BEFORE = "20261130_groups"
DAY = timedelta(days=1)
MARKED = START + 3 * DAY + 20 * MINUTE
MISSED = """
UPDATE sessions SET status = 'noshow', span_after = tstzrange(starts_at, $2),
       span_before = tstzrange(starts_at - make_interval(mins => buffer_before_minutes), $2)
 WHERE id = $1
"""
NO_TIME = "UPDATE sessions SET status = $2, span_before = NULL, span_after = NULL WHERE id = $1"
Times = tuple[Any, ...]


@pytest.fixture
async def old(
    owner_engine: AsyncEngine, owner: asyncpg.Connection, world: World
) -> AsyncIterator[dict[str, UUID]]:
    """A session of each kind, in a database before the migration."""
    await run(owner_engine, lambda config: command.downgrade(config, BEFORE))
    names = ("booked", "cancelled", "fulfilled", "missed", "missed early", "fulfilled without time")
    found = {
        name: await put(owner, world, START + n * DAY, before=5, after=10)
        for n, name in enumerate(names)
    }
    await owner.execute(MISSED, found["missed"], MARKED)
    await owner.execute("UPDATE sessions SET status = 'fulfilled' WHERE id = $1", found[names[2]])
    for name, status in (
        ("cancelled", "cancelled"),
        ("missed early", "noshow"),
        ("fulfilled without time", "fulfilled"),
    ):
        await owner.execute(NO_TIME, found[name], status)
    yield found
    await run(owner_engine, lambda config: command.upgrade(config, "head"))


async def test_each_session_that_takes_time_gets_its_row(
    owner_engine: AsyncEngine, owner: asyncpg.Connection, world: World, old: dict[str, UUID]
) -> None:
    await run(owner_engine, lambda config: command.upgrade(config, "head"))
    rows = await owner.fetch("SELECT * FROM taken_times ORDER BY starts_at")
    fulfilled = START + 2 * DAY
    expected: list[tuple[str, datetime, datetime, int, bool]] = [
        ("booked", START, START + LENGTH, 10, True),
        ("fulfilled", fulfilled, fulfilled + LENGTH, 10, True),
        ("missed", START + 3 * DAY, MARKED, 0, False),
    ]
    for row, (name, start, end, after, counts) in zip(rows, expected, strict=True):
        assert (row["id"], row["session_id"], row["group_id"]) == (old[name], old[name], None)
        assert row["practice_id"] == world.practice_id
        assert row["practitioner_id"] == world.practitioner_id
        assert (row["starts_at"], row["ends_at"], row["counts"]) == (start, end, counts)
        assert (row["buffer_before_minutes"], row["buffer_after_minutes"]) == (5, after)
    sessions = await owner.fetch("SELECT id, taken_until FROM sessions")
    assert {row["id"]: row["taken_until"] for row in sessions} == dict.fromkeys(old.values()) | {
        old[name]: end for name, _, end, _, _ in expected
    }


@pytest.mark.slow
async def test_the_downgrade_gives_the_ranges_back(
    owner_engine: AsyncEngine, owner: asyncpg.Connection, old: dict[str, UUID]
) -> None:
    del old
    columns = await owner.fetchval(
        "SELECT string_agg(attname, ', ' ORDER BY attname) FROM pg_attribute"
        " WHERE attrelid = 'sessions'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    read = f"SELECT {columns} FROM sessions ORDER BY id"  # noqa: S608
    before = await owner.fetch(read)
    await run(owner_engine, lambda config: command.upgrade(config, "head"))
    await run(owner_engine, lambda config: command.downgrade(config, BEFORE))
    assert await owner.fetch(read) == before
