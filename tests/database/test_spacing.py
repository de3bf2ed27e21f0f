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


async def put(
    owner: asyncpg.Connection,
    world: World,
    start: datetime,
    *,
    before: int = 0,
    after: int = 0,
    status: str = "booked",
    practitioner_id: UUID | None = None,
) -> UUID:
    """Write a session past all code of ours."""
    session_id = uuid4()
    await owner.execute(
        INSERT,
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
async def test_the_larger_of_the_two_buffers_lies_between_never_the_sum(
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


async def test_a_buffer_on_the_far_side_does_not_matter(
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


@pytest.mark.parametrize("status", ["cancelled", "fulfilled", "noshow"])
async def test_only_booked_sessions_take_up_time(
    owner: asyncpg.Connection, world: World, status: str
) -> None:
    await put(owner, world, START, status=status)
    await put(owner, world, START)
    await put(owner, world, START, status=status)


async def test_a_cancelled_session_cannot_come_back_to_a_taken_time(
    owner: asyncpg.Connection, world: World
) -> None:
    cancelled = await put(owner, world, START, status="cancelled")
    await put(owner, world, START)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await owner.execute("UPDATE sessions SET status = 'booked' WHERE id = $1", cancelled)


BAD_SPANS = [
    "span_before = 'empty'",
    "span_after = 'empty'",
    "span_after = tstzrange(starts_at, ends_at)",
    "span_before = tstzrange(starts_at, ends_at)",
    "span_after = tstzrange(starts_at, ends_at + interval '20 minutes', '[]')",
    "span_before = NULL",
    "starts_at = starts_at + interval '1 hour', ends_at = ends_at + interval '1 hour'",
    "ends_at = starts_at",
]


async def test_the_ranges_cannot_part_from_the_times(
    owner: asyncpg.Connection, world: World
) -> None:
    session_id = await put(owner, world, START, before=10, after=20)
    for values in BAD_SPANS:
        with pytest.raises(asyncpg.IntegrityConstraintViolationError):
            await owner.execute(f"UPDATE sessions SET {values} WHERE id = $1", session_id)  # noqa: S608
