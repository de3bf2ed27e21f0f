"""The two exclusion constraints: exactly the larger of two buffers (docs/decisions/0005)."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.world import NOW, World

START = NOW + timedelta(days=3)
LENGTH = timedelta(minutes=50)
MINUTE = timedelta(minutes=1)
MICROSECOND = timedelta(microseconds=1)

INSERT = """
WITH booked AS (
    INSERT INTO sessions (
        practice_id, id, client_id, practitioner_id, service_id, policy_time_zone, status, version,
        calendar_sequence, starts_at, ends_at, buffer_before_minutes, buffer_after_minutes,
        taken_until, format, price_minor, currency, booked_starts_at, client_moves, link_generation
    ) VALUES (
        $1, $2, $3, $4, $5, 'America/New_York', $6, 1, 0, $7, $8, $9, $10, $8,
        'video', 12000, 'USD', $7, 0, 0
    ) RETURNING *
)
INSERT INTO taken_times (
    practice_id, id, session_id, practitioner_id, starts_at, ends_at, buffer_before_minutes,
    buffer_after_minutes, counts, span_before, span_after
)
SELECT practice_id, id, id, practitioner_id, starts_at, ends_at, buffer_before_minutes,
    buffer_after_minutes, true,
    tstzrange(starts_at - make_interval(mins => buffer_before_minutes), ends_at),
    tstzrange(starts_at, ends_at + make_interval(mins => buffer_after_minutes))
FROM booked
"""


async def put(
    owner: asyncpg.Connection,
    world: World,
    start: datetime,
    *,
    before: int = 0,
    after: int = 0,
    status: str = "booked",
    practitioner_id: UUID | None = None,
    statement: str = INSERT,
) -> UUID:
    """Insert a session and its time directly, without the application's code.

    `statement` writes them; a test of a migration has that for the tables of then.
    """
    session_id = uuid4()
    await owner.execute(
        statement,
        world.practice_id,
        session_id,
        world.client_id,
        practitioner_id or world.practitioner_id,
        world.service_id,
        status,
        start,
        start + LENGTH,
        before,
        after,
    )
    return session_id


async def test_two_sessions_at_one_time_are_refused(
    owner: asyncpg.Connection, world: World
) -> None:
    await put(owner, world, START)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, START)


@pytest.mark.parametrize("off", [LENGTH - MICROSECOND, MICROSECOND - LENGTH, MINUTE])
async def test_sessions_that_overlap_are_refused(
    owner: asyncpg.Connection, world: World, off: timedelta
) -> None:
    await put(owner, world, START)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, START + off)


@pytest.mark.parametrize("off", [LENGTH, -LENGTH])
async def test_without_buffers_sessions_may_touch(
    owner: asyncpg.Connection, world: World, off: timedelta
) -> None:
    await put(owner, world, START)
    await put(owner, world, START + off)


@pytest.mark.parametrize(("after", "before"), [(10, 20), (20, 10), (15, 15), (30, 0), (0, 30)])
async def test_the_gap_is_the_larger_of_two_buffers_never_the_sum(
    owner: asyncpg.Connection, world: World, after: int, before: int
) -> None:
    gap = max(after, before) * MINUTE
    await put(owner, world, START, after=after)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, START + LENGTH + gap - MICROSECOND, before=before)
    await put(owner, world, START + LENGTH + gap, before=before)


@pytest.mark.parametrize(("after", "before"), [(10, 20), (20, 10)])
async def test_buffers_count_in_whichever_order_the_two_were_booked(
    owner: asyncpg.Connection, world: World, after: int, before: int
) -> None:
    gap = max(after, before) * MINUTE
    await put(owner, world, START, before=before)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, START - LENGTH - gap + MICROSECOND, after=after)
    await put(owner, world, START - LENGTH - gap, after=after)


async def test_a_buffer_on_the_other_side_does_not_matter(
    owner: asyncpg.Connection, world: World
) -> None:
    await put(owner, world, START, before=60)
    await put(owner, world, START + LENGTH, after=60)


async def test_practitioners_do_not_block_each_other(
    owner: asyncpg.Connection, world: World
) -> None:
    other = await world.add_practitioner(hours=False)
    await put(owner, world, START)
    await put(owner, world, START, practitioner_id=other)


async def test_practices_do_not_block_each_other(owner: asyncpg.Connection, world: World) -> None:
    ids = {"practitioner_id": world.practitioner_id, "client_id": world.client_id}
    twin = await World(world.engine, world.settings, service_id=world.service_id, **ids).build()
    await put(owner, world, START)
    await put(owner, twin, START)


MISSED = """
WITH marked AS (
    UPDATE sessions SET status = 'noshow', taken_until = $2 WHERE id = $1
)
UPDATE taken_times SET ends_at = $2, buffer_after_minutes = 0, counts = false,
       span_before = tstzrange(starts_at - make_interval(mins => buffer_before_minutes), $2),
       span_after = tstzrange(starts_at, $2)
 WHERE id = $1
"""
NO_TIME = """
WITH ended AS (
    UPDATE sessions SET status = $2, taken_until = NULL WHERE id = $1
)
DELETE FROM taken_times WHERE id = $1
"""


async def test_a_fulfilled_session_takes_its_time(owner: asyncpg.Connection, world: World) -> None:
    await put(owner, world, START, after=10, status="fulfilled")
    for off in (0 * MINUTE, LENGTH, LENGTH + 10 * MINUTE - MICROSECOND):
        with pytest.raises(asyncpg.ExclusionViolationError):
            await put(owner, world, START + off)
    await put(owner, world, START + LENGTH + 10 * MINUTE)


async def test_a_missed_session_takes_the_time_that_has_passed_without_the_buffer_after_it(
    owner: asyncpg.Connection, world: World
) -> None:
    missed = await put(owner, world, START, before=5, after=10)
    marked = START + 20 * MINUTE
    await owner.execute(MISSED, missed, marked)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, marked - MICROSECOND)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, marked, before=1)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await put(owner, world, START - LENGTH - 5 * MINUTE + MICROSECOND)
    await put(owner, world, START - LENGTH - 5 * MINUTE)
    await put(owner, world, marked)


@pytest.mark.parametrize("status", ["cancelled", "fulfilled", "noshow"])
async def test_a_session_without_a_row_takes_no_time(
    owner: asyncpg.Connection, world: World, status: str
) -> None:
    for _ in range(2):
        await owner.execute(NO_TIME, await put(owner, world, START), status)
    await put(owner, world, START)


BAD_ENDS = [
    ("booked", "NULL"),
    ("booked", "ends_at - interval '1 minute'"),
    ("cancelled", "ends_at"),
    ("fulfilled", "ends_at + interval '1 minute'"),
    ("noshow", "starts_at"),
    ("noshow", "starts_at - interval '1 minute'"),
    ("noshow", "ends_at + interval '1 minute'"),
]


@pytest.mark.parametrize(("status", "until"), BAD_ENDS)
async def test_the_end_of_a_clients_time_must_agree_with_the_status(
    owner: asyncpg.Connection, world: World, status: str, until: str
) -> None:
    session_id = await put(owner, world, START, before=10, after=20)
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await owner.execute(
            f"UPDATE sessions SET status = '{status}', taken_until = {until} WHERE id = $1",  # noqa: S608
            session_id,
        )


BAD_TIMES = [
    "span_before = 'empty'",
    "span_after = 'empty'",
    "span_before = NULL",
    "span_after = NULL",
    "span_after = tstzrange(starts_at, ends_at)",
    "span_before = tstzrange(starts_at, ends_at)",
    "span_after = tstzrange(starts_at, ends_at + interval '20 minutes', '[]')",
    "span_after = tstzrange(starts_at, NULL)",
    "buffer_after_minutes = 0",
    "starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'",
    "ends_at = starts_at",
    "session_id = NULL",
    "group_id = session_id",
    "session_id = gen_random_uuid()",
    "id = gen_random_uuid()",
    "practitioner_id = gen_random_uuid()",
]


async def test_the_ranges_must_agree_with_the_times(
    owner: asyncpg.Connection, world: World
) -> None:
    session_id = await put(owner, world, START, before=10, after=20)
    for values in BAD_TIMES:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(f"UPDATE taken_times SET {values} WHERE id = $1", session_id)  # noqa: S608
