"""A held time has the two ranges by which it is compared with others."""

from datetime import timedelta
from types import SimpleNamespace

import asyncpg
import pytest
from alembic import command
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.calendar.spans import spans, spans_of_row
from app.domain.session import Occupancy
from app.tables.held_times import HeldTime
from tests.database.test_migrations import run
from tests.holds import LENGTH, put_hold
from tests.world import NOW, World

BEFORE = "20261207_allowance"
START = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)


def test_each_range_has_one_of_the_two_buffers() -> None:
    end = START + LENGTH
    found = spans(Occupancy(START, end, 5 * MINUTE, 10 * MINUTE))
    assert (found.span_before.lower, found.span_before.upper) == (START - 5 * MINUTE, end)
    assert (found.span_after.lower, found.span_after.upper) == (START, end + 10 * MINUTE)
    row = SimpleNamespace(
        starts_at=START, ends_at=end, buffer_before_minutes=5, buffer_after_minutes=10
    )
    assert spans_of_row(row) == found


@pytest.mark.parametrize("name", ["span_before", "span_after"])
async def test_the_ranges_are_those_of_its_times_and_buffers(world: World, name: str) -> None:
    await put_hold(world, await world.book(START), START)
    other = spans(Occupancy(START, START + LENGTH, 7 * MINUTE, 7 * MINUTE))._asdict()[name]
    with pytest.raises(IntegrityError, match=f"ck_held_times_{name}"):
        async with world.engine.begin() as db:
            await db.execute(
                update(HeldTime)
                .where(HeldTime.practice_id == world.practice_id)
                .values({name: other})
            )


@pytest.mark.own_database
async def test_times_that_were_held_before_get_their_ranges(
    owner_engine: AsyncEngine, owner: asyncpg.Connection, world: World
) -> None:
    session_id = await world.book(START)
    await put_hold(world, session_id, START, buffer_before_minutes=5)
    await run(owner_engine, lambda config: command.downgrade(config, BEFORE))
    await run(owner_engine, lambda config: command.upgrade(config, "head"))
    (row,) = await owner.fetch("SELECT * FROM held_times")
    end = START + LENGTH
    assert (row["span_before"].lower, row["span_before"].upper) == (START - 5 * MINUTE, end)
    assert (row["span_after"].lower, row["span_after"].upper) == (START, end + 10 * MINUTE)
