"""The time of groups, as single sessions and other groups see it, and seats as their clients do."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.refusals import SlotUnavailableError
from app.domain.session import Format, Status
from app.sessions.commands.meeting import Buffers, Meeting, NewSeat, meeting_of
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.calendar import CalendarOwner
from app.sessions.read.queries import read_session
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from tests.groups import LENGTH, put_group, put_seat
from tests.world import NOW, Api, World, slots

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)


async def test_the_time_of_a_group_is_neither_offered_nor_given_to_a_session(
    api: Api, staff: Api, world: World
) -> None:
    """Also while the group is empty."""
    session_id = await world.book(START + DAY)
    await put_group(world, START)
    day = START.date().isoformat()
    found = await api.availability(session_id, **{"from": day, "to": day})
    assert not {"09:30", "10:00", "10:30"} & {start[11:16] for start in slots(found)}
    assert (await api.reschedule(session_id, START)).json()["code"] == "slot-unavailable"
    with pytest.raises(SlotUnavailableError):
        await world.book(START)
    answer = await staff.reschedule_by_staff(session_id, START, force=True)
    assert answer.json()["code"] == "slot-unavailable"


async def test_a_group_sees_the_time_of_sessions_and_groups(world: World) -> None:
    await world.book(START)
    group_id = await put_group(world, START + DAY)
    owner = CalendarOwner(world.practice_id, world.practitioner_id, None, group_id)
    async with world.engine.connect() as db:
        for start, is_taken in ((START, True), (START + DAY, False), (START + 2 * DAY, False)):
            meeting = Meeting(start, start + LENGTH, Format.VIDEO, None, None, None)
            found = await find_overlap(db, owner, meeting, Buffers(0, 10), NOW)
            assert found.is_taken is is_taken


@pytest.mark.parametrize(
    ("limit", "other_day"), [("sessions_per_day", 0), ("sessions_per_week", 1)]
)
@pytest.mark.parametrize(("allowed", "is_full"), [(1, True), (2, False)])
async def test_a_group_counts_once_towards_the_limits(
    api: Api,
    world: World,
    limit: str,
    other_day: int,
    allowed: int,
    is_full: bool,  # noqa: FBT001
) -> None:
    """Whatever the number of its seats."""
    session_id = await world.book(START + 7 * DAY)
    start = START - other_day * DAY
    group_id = await put_group(world, start)
    for seat in (1, 2, 3):
        client_id = await world.add_client(name=f"Client {seat}")
        await put_seat(world, group_id, start, seat, client_id=client_id)
    await world.change_practitioner(**{limit: allowed})
    day = START.date().isoformat()
    found = await api.availability(session_id, **{"from": day, "to": day})
    assert (slots(found) == []) is is_full


async def test_a_seat_takes_time_from_its_client(api: Api, world: World) -> None:
    """With another practitioner, who is free at that time."""
    group_id = await put_group(world, START)
    await put_seat(world, group_id, START, 1)
    lee = await world.add_practitioner(name="Dr. Lee")
    with_lee = await world.book(START + DAY, practitioner_id=lee)
    day = START.date().isoformat()
    found = await api.availability(with_lee, **{"from": day, "to": day})
    assert not {"09:30", "10:00", "10:30"} & {start[11:16] for start in slots(found)}
    assert (await api.reschedule(with_lee, START)).json()["code"] == "slot-unavailable"
    ben = await world.add_client(name="Ben", email="ben@client.example")
    await world.book(START, practitioner_id=lee, client_id=ben)


@pytest.mark.parametrize(
    ("status", "seat", "until"),
    [
        (Status.CANCELLED, None, None),
        (Status.FULFILLED, 2, LENGTH),
        (Status.NOSHOW, 2, timedelta(minutes=20)),
    ],
)
async def test_a_seat_that_ends_leaves_the_time_of_its_group(
    world: World, status: Status, seat: int | None, until: timedelta | None
) -> None:
    """A cancelled seat gives up its number, and needs a free one to be booked again."""
    group_id = await put_group(world, START)
    session_id = await put_seat(world, group_id, START, 2)
    before = await world.rows(TakenTime)
    marked = START + timedelta(minutes=20)
    for ended in (status, Status.BOOKED):
        async with world.engine.begin() as db:
            record = await read_session(db, world.practice_id, session_id)
            sessions = SessionRepository(db, world.practice_id)
            if record.status is Status.CANCELLED:
                free = NewSeat(group_id, 5, Buffers(0, 10))
                await sessions.restore_seat(record, meeting_of(record), free, ends_grace=False)
            else:
                await sessions.set_status(record, ended, marked, in_calendar=True)
        (row,) = await world.rows(Session, id=session_id)
        if ended is Status.BOOKED:
            seat, until = seat or 5, LENGTH
        assert (row.status, row.seat) == (ended, seat)
        assert row.taken_until == (None if until is None else START + until)
        assert await world.rows(TakenTime) == before


async def test_a_seat_that_moves_with_its_group_takes_no_time_of_the_practitioner(
    world: World,
) -> None:
    group_id = await put_group(world, START)
    session_id = await put_seat(world, group_id, START, 1)
    before = await world.rows(TakenTime)
    async with world.engine.begin() as db:
        record = await read_session(db, world.practice_id, session_id)
        to = replace(meeting_of(record), starts_at=START + DAY, ends_at=START + DAY + LENGTH)
        await SessionRepository(db, world.practice_id).move(record, to)
    (row,) = await world.rows(Session, id=session_id)
    assert (row.starts_at, row.taken_until) == (START + DAY, START + DAY + LENGTH)
    assert await world.rows(TakenTime) == before
