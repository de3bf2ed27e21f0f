"""Sessions and groups refuse each other's time in the database, for the service's own role."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from tests.database.test_spacing import LENGTH, MINUTE, START, put
from tests.groups import put_seat
from tests.world import World

GROUP = """
WITH added AS (
    INSERT INTO groups (
        practice_id, id, service_id, practitioner_id, status, version, calendar_sequence, starts_at,
        ends_at, buffer_before_minutes, buffer_after_minutes, format, seats
    ) VALUES ($1, $2, $3, $4, 'scheduled', 1, 0, $5, $6, 0, $7, 'video', 8)
    RETURNING *
)
INSERT INTO taken_times (
    practice_id, id, group_id, practitioner_id, starts_at, ends_at, buffer_before_minutes,
    buffer_after_minutes, counts, span_before, span_after
)
SELECT practice_id, id, id, practitioner_id, starts_at, ends_at, buffer_before_minutes,
    buffer_after_minutes, true, tstzrange(starts_at, ends_at),
    tstzrange(starts_at, ends_at + make_interval(mins => buffer_after_minutes))
FROM added
"""
KINDS = ("session", "group", "group with seats")
MOVE = """
UPDATE taken_times SET starts_at = $2, ends_at = $3, span_before = tstzrange($2, $3),
       span_after = tstzrange($2, $3::timestamptz + make_interval(mins => buffer_after_minutes))
 WHERE id = $1
"""


async def take(
    service: asyncpg.Connection,
    world: World,
    kind: str,
    start: datetime,
    *,
    after: int = 0,
    practitioner_id: UUID | None = None,
) -> UUID:
    """Write a session or a group, and the time that it takes."""
    if kind == "session":
        return await put(service, world, start, after=after, practitioner_id=practitioner_id)
    group_id = uuid4()
    await service.execute(
        GROUP,
        world.practice_id,
        group_id,
        world.service_id,
        practitioner_id or world.practitioner_id,
        start,
        start + LENGTH,
        after,
    )
    if kind == "group with seats":
        for seat in (1, 2):
            await put_seat(
                world,
                group_id,
                start,
                seat,
                client_id=await world.add_client(name=f"Client {seat}"),
            )
    return group_id


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
@pytest.mark.parametrize(
    "off",
    [
        0 * MINUTE,
        *(pytest.param(off, marks=pytest.mark.slow) for off in (MINUTE, -MINUTE, LENGTH, -LENGTH)),
    ],
)
async def test_a_time_that_is_taken_is_refused(
    service: asyncpg.Connection, world: World, first: str, second: str, off: timedelta
) -> None:
    """Also where only the buffers, of ten minutes, overlap."""
    await take(service, world, first, START, after=10)
    with pytest.raises(asyncpg.ExclusionViolationError) as refused:
        await take(service, world, second, START + off, after=10)
    assert str(refused.value.constraint_name).startswith("no_overlap_")


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
async def test_a_time_that_is_taken_cannot_be_moved_to(
    service: asyncpg.Connection, world: World, first: str, second: str
) -> None:
    await take(service, world, first, START)
    moving = await take(service, world, second, START + 2 * LENGTH)
    with pytest.raises(asyncpg.ExclusionViolationError):
        await service.execute(MOVE, moving, START + MINUTE, START + MINUTE + LENGTH)
    await service.execute(MOVE, moving, START + LENGTH, START + 2 * LENGTH)


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
async def test_a_time_that_was_freed_can_be_taken(
    service: asyncpg.Connection, world: World, first: str, second: str
) -> None:
    taker = await take(service, world, first, START)
    await service.execute("DELETE FROM taken_times WHERE id = $1", taker)
    await take(service, world, second, START)


@pytest.mark.parametrize("first", KINDS)
@pytest.mark.parametrize("second", KINDS)
async def test_other_practitioners_have_their_own_time(
    service: asyncpg.Connection, world: World, first: str, second: str
) -> None:
    other = await world.add_practitioner(hours=False)
    await take(service, world, first, START)
    if second != "group with seats":
        await take(service, world, second, START, practitioner_id=other)
    else:
        await take(service, world, "group", START, practitioner_id=other)


async def test_a_seat_is_taken_by_one_client(service: asyncpg.Connection, world: World) -> None:
    """Seats are at one time, and no two of them have one number."""
    group_id = await take(service, world, "group with seats", START)
    with pytest.raises(asyncpg.UniqueViolationError):
        await service.execute(
            "UPDATE sessions SET seat = 1 WHERE group_id = $1 AND seat = 2", group_id
        )
