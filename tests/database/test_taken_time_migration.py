"""Existing sessions keep their times when a migration makes ended sessions take time."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import asyncpg
import pytest
from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine

from tests.database.test_migrations import run
from tests.database.test_spacing import LENGTH, MINUTE, START
from tests.database.test_spacing import put as put_session
from tests.world import World

pytestmark = [pytest.mark.slow, pytest.mark.own_database]

BEFORE, AFTER = "20261123_practice_side", "20261128_taken_time"
DAY = timedelta(days=1)
MARK = """
INSERT INTO changes (practice_id, id, subject, subject_id, kind, actor, at, session_id,
                     session_version, calendar_sequence, starts_at, ends_at, format, currency)
VALUES ($1, $2, 'session', $3, 'noshow', 'practice', $4, $3, 2, 0, $4, $4, 'video', 'USD')
"""
Spans = tuple[datetime, datetime] | None
INSERT = """
INSERT INTO sessions (
    practice_id, id, client_id, practitioner_id, service_id, policy_time_zone, status, version,
    calendar_sequence, starts_at, ends_at, buffer_before_minutes, buffer_after_minutes,
    span_before, span_after, format, price_minor, currency, booked_starts_at, client_moves,
    link_generation
) VALUES (
    $1, $2, $3, $4, $5, 'America/New_York', $6, 1, 0, $7, $8, $9, $10,
    tstzrange($7::timestamptz - make_interval(mins => $9), $8),
    tstzrange($7, $8::timestamptz + make_interval(mins => $10)),
    'video', 12000, 'USD', $7, 0, 0
)
"""


# Inserts a session into the tables of then, which have its ranges.
put = partial(put_session, statement=INSERT)


@pytest.fixture
async def old(owner_engine: AsyncEngine, world: World) -> AsyncIterator[World]:
    """The world in a database before the migration."""
    await run(owner_engine, lambda config: command.downgrade(config, BEFORE))
    yield world
    await run(owner_engine, lambda config: command.upgrade(config, "head"))


async def taken(owner: asyncpg.Connection, session_id: UUID) -> Spans:
    """Return the range of time that a session takes, with its buffers."""
    row = await owner.fetchrow(
        "SELECT lower(span_before), upper(span_before), lower(span_after), upper(span_after) "
        "FROM sessions WHERE id = $1",
        session_id,
    )
    assert row is not None
    before, until, start, after = row
    if before is None:
        assert (until, start, after) == (None, None, None)
        return None
    return before, after


async def migrate(owner_engine: AsyncEngine, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Migrate, and return the report about sessions that take no time."""
    with caplog.at_level("WARNING"):
        await run(owner_engine, lambda config: command.upgrade(config, AFTER))
    return {record.getMessage() for record in caplog.records}


def told(world: World, session_id: UUID) -> str:
    return (
        f"Session {session_id} of practice {world.practice_id} has ended and overlaps another: "
        "it takes no time."
    )


async def test_ended_sessions_take_their_time_where_nothing_overlaps(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    found = {
        status: await put(owner, old, START + n * DAY, before=5, after=10, status=status)
        for n, status in enumerate(("booked", "cancelled", "fulfilled"))
    }
    assert await migrate(owner_engine, caplog) == set()
    assert await taken(owner, found["cancelled"]) is None
    for n, status in ((0, "booked"), (2, "fulfilled")):
        start = START + n * DAY
        whole = (start - 5 * MINUTE, start + LENGTH + 10 * MINUTE)
        assert await taken(owner, found[status]) == whole


@pytest.mark.parametrize(
    ("marked", "until"),
    [(-MINUTE, None), (0 * MINUTE, None), (20 * MINUTE, 20 * MINUTE), (DAY, LENGTH)],
)
async def test_a_missed_session_takes_the_time_until_it_was_marked(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
    marked: timedelta,
    until: timedelta | None,
) -> None:
    missed = await put(owner, old, START, before=5, after=10, status="noshow")
    await owner.execute(MARK, old.practice_id, uuid4(), missed, START + marked)
    assert await migrate(owner_engine, caplog) == set()
    wanted = None if until is None else (START - 5 * MINUTE, START + until)
    assert await taken(owner, missed) == wanted


async def test_booked_sessions_take_precedence_over_ended_ones(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fulfilled = await put(owner, old, START, status="fulfilled")
    missed = await put(owner, old, START + MINUTE, status="noshow")
    await owner.execute(MARK, old.practice_id, uuid4(), missed, START + 5 * MINUTE)
    booked = await put(owner, old, START + 2 * MINUTE)
    messages = await migrate(owner_engine, caplog)
    assert messages == {told(old, fulfilled), told(old, missed)}
    assert await taken(owner, fulfilled) is None
    assert await taken(owner, missed) is None
    assert await taken(owner, booked) == (START + 2 * MINUTE, START + 2 * MINUTE + LENGTH)


async def test_of_overlapping_ended_sessions_the_earliest_takes_its_time(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The third overlaps only the second, which takes no time."""
    first, second, third = [
        await put(owner, old, START + n * 40 * MINUTE, status="fulfilled") for n in range(3)
    ]
    assert await migrate(owner_engine, caplog) == {told(old, second)}
    assert await taken(owner, first) == (START, START + LENGTH)
    assert await taken(owner, second) is None
    assert await taken(owner, third) == (START + 80 * MINUTE, START + 80 * MINUTE + LENGTH)


async def test_a_client_is_in_one_place_at_a_time(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Sessions of a client with different practitioners need no gap between them."""
    lee = await old.add_practitioner(hours=False)
    fulfilled = await put(owner, old, START, after=10, status="fulfilled")
    await put(owner, old, START + 30 * MINUTE, practitioner_id=lee)
    beside = await put(owner, old, START - LENGTH, after=10, practitioner_id=lee)
    assert await migrate(owner_engine, caplog) == {told(old, fulfilled)}
    assert await taken(owner, fulfilled) is None
    assert await taken(owner, beside) == (START - LENGTH, START + 10 * MINUTE)


async def test_the_downgrade_keeps_every_session(
    owner_engine: AsyncEngine,
    owner: asyncpg.Connection,
    old: World,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for status in ("booked", "cancelled", "fulfilled", "noshow"):
        await put(owner, old, START, status=status)
    before = await owner.fetch("SELECT * FROM sessions ORDER BY id")
    await migrate(owner_engine, caplog)
    await run(owner_engine, lambda config: command.downgrade(config, BEFORE))
    assert await owner.fetch("SELECT * FROM sessions ORDER BY id") == before
