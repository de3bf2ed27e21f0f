"""Which sessions take time, in every command and list (docs/decisions/0017-taken-time.md)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.practices import Service
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from tests.world import NOW, Api, TestClock, World, slots

# A Thursday, 10:00 in New York. A session lasts 50 minutes, with 10 minutes free after it.
START = NOW + timedelta(days=3)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SESSIONS = "/v1/practice/sessions"
WHY = {"note": "Dr. Chen is ill."}
FREE = {"charge_fee": False, "reason": WHY}
BODIES: dict[str, Any] = {"fulfilled": {}, "noshow": FREE, "cancel": FREE, "undo": {"reason": WHY}}


@pytest.fixture
async def ben(world: World) -> UUID:
    """Another client with a session that can be moved, without notifications."""
    await world.change(Service, world.service_id, minimum_notice_minutes=0)
    return await world.add_client(name="Ben", email="ben@client.example")


async def act(staff: Api, session_id: UUID, what: str) -> tuple[int, str | None]:
    answer = await staff.post(f"{SESSIONS}/{session_id}/{what}", BODIES[what])
    return answer.status_code, answer.json().get("code")


async def offered(api: Api, world: World, client_id: UUID) -> list[str]:
    """List the slots on the session's day for a session of the client on the next day."""
    session_id = await world.book(START + DAY, client_id=client_id)
    own = api.signed_in(world.token(client_id))
    day = START.date().isoformat()
    found = await own.availability(session_id, **{"from": day, "to": day})
    return [start[11:16] for start in slots(found)]


async def move(api: Api, world: World, client_id: UUID, start: datetime) -> tuple[int, str | None]:
    session_id = await world.book(START + 4 * DAY, client_id=client_id)
    answer = await api.signed_in(world.token(client_id)).reschedule(session_id, start)
    return answer.status_code, answer.json().get("code")


def booking(world: World, client_id: UUID, start: datetime, **values: Any) -> dict[str, Any]:
    return {
        "client_id": str(client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
        "force": True,
    } | values


TAKEN = (409, "slot-unavailable")
DONE: tuple[int, str | None] = (200, None)


@pytest.mark.parametrize(
    "marked", [-DAY, 0 * MINUTE, 20 * MINUTE, 2 * DAY / 24], ids=["early", "start", "runs", "over"]
)
async def test_a_fulfilled_session_takes_its_time(
    api: Api, staff: Api, world: World, clock: TestClock, ben: UUID, marked: timedelta
) -> None:
    session_id = await world.book(START)
    clock.now = START + marked
    assert await act(staff, session_id, "fulfilled") == DONE
    assert not {"09:30", "10:00", "10:30"} & set(await offered(api, world, ben))
    for start in (START, START + 30 * MINUTE, START + 50 * MINUTE):
        answer = await staff.post(SESSIONS, booking(world, ben, start))
        assert answer.json()["code"] == "slot-unavailable"
    assert await act(staff, session_id, "undo") == DONE


async def test_the_start_of_a_running_fulfilled_session_is_not_taken_by_another_client(
    api: Api, staff: Api, world: World, clock: TestClock, ben: UUID
) -> None:
    session_id = await world.book(START)
    clock.now = START
    assert await act(staff, session_id, "fulfilled") == DONE
    assert await move(api, world, ben, START) == TAKEN
    assert await act(staff, session_id, "undo") == DONE


async def test_a_missed_session_frees_what_is_left_of_its_time(
    api: Api, staff: Api, world: World, clock: TestClock, ben: UUID
) -> None:
    session_id = await world.book(START)
    clock.now = START + 30 * MINUTE
    assert await act(staff, session_id, "noshow") == DONE
    assert (await offered(api, world, ben))[0] == "10:30"
    answer = await staff.post(SESSIONS, booking(world, ben, START + 29 * MINUTE))
    assert answer.json()["code"] == "slot-unavailable"
    assert (await staff.post(SESSIONS, booking(world, ben, clock.now))).status_code == 201
    assert await act(staff, session_id, "undo") == TAKEN


async def test_another_session_keeps_its_own_buffer_after_a_missed_one(
    api: Api, staff: Api, world: World, clock: TestClock, ben: UUID
) -> None:
    session_id = await world.book(START)
    await world.change(Service, world.service_id, buffer_before_minutes=15)
    clock.now = START + 20 * MINUTE
    assert await act(staff, session_id, "noshow") == DONE
    assert (await offered(api, world, ben))[0] == "11:00"


@pytest.mark.parametrize("marked", [-DAY, 0 * MINUTE], ids=["before", "at the start"])
async def test_a_session_marked_as_missed_before_its_start_takes_no_time(
    api: Api, staff: Api, world: World, clock: TestClock, ben: UUID, marked: timedelta
) -> None:
    session_id = await world.book(START)
    clock.now = START + marked
    assert await act(staff, session_id, "noshow") == DONE
    assert "10:00" in await offered(api, world, ben)
    assert await move(api, world, await world.add_client(), START) == DONE
    assert await act(staff, session_id, "undo") == TAKEN


async def test_a_session_marked_as_missed_after_its_end_takes_the_time_until_its_end(
    staff: Api, world: World, clock: TestClock, ben: UUID
) -> None:
    session_id = await world.book(START)
    clock.now = START + DAY
    assert await act(staff, session_id, "noshow") == DONE
    answer = await staff.post(SESSIONS, booking(world, ben, START + 49 * MINUTE))
    assert answer.json()["code"] == "slot-unavailable"
    answer = await staff.post(SESSIONS, booking(world, ben, START + 50 * MINUTE))
    assert answer.status_code == 201


@pytest.mark.parametrize("ended", ["cancel", "noshow"])
async def test_an_undo_takes_the_whole_time_again(
    staff: Api, world: World, clock: TestClock, ben: UUID, ended: str
) -> None:
    session_id = await world.book(START)
    clock.now = START + 20 * MINUTE
    assert await act(staff, session_id, ended) == DONE
    assert await act(staff, session_id, "undo") == DONE
    answer = await staff.post(SESSIONS, booking(world, ben, START + 55 * MINUTE))
    assert answer.json()["code"] == "slot-unavailable"


@pytest.mark.parametrize(
    ("limit", "other_day"), [("sessions_per_day", 0 * DAY), ("sessions_per_week", -DAY)]
)
@pytest.mark.parametrize(
    ("ended", "is_full"), [("fulfilled", True), ("noshow", False), ("cancel", False)]
)
async def test_the_limits_count_fulfilled_sessions_and_no_missed_ones(
    api: Api,
    staff: Api,
    world: World,
    clock: TestClock,
    ben: UUID,
    limit: str,
    other_day: timedelta,
    ended: str,
    is_full: bool,  # noqa: FBT001
) -> None:
    session_id = await world.book(START + other_day)
    clock.now = START + other_day + 20 * MINUTE
    assert await act(staff, session_id, ended) == DONE
    await world.change_practitioner(**{limit: 1})
    assert ((await offered(api, world, ben)) == []) is is_full


@pytest.mark.parametrize(
    ("ended", "is_free"), [("fulfilled", False), ("noshow", True), ("cancel", True)]
)
async def test_the_clients_own_time_follows_the_same_rule(
    api: Api,
    staff: Api,
    world: World,
    clock: TestClock,
    ben: UUID,
    ended: str,
    is_free: bool,  # noqa: FBT001
) -> None:
    """With another practitioner, who is free at that time."""
    del ben
    session_id = await world.book(START)
    clock.now = START + 30 * MINUTE
    assert await act(staff, session_id, ended) == DONE
    lee = await world.add_practitioner(name="Dr. Lee")
    with_lee = await world.book(START + DAY, practitioner_id=lee)
    day = START.date().isoformat()
    found = await api.availability(with_lee, **{"from": day, "to": day})
    assert ("10:30" in [start[11:16] for start in slots(found)]) is is_free
    body = booking(world, world.client_id, clock.now, practitioner_id=str(lee))
    assert ((await staff.post(SESSIONS, body)).status_code == 201) is is_free


async def test_only_booked_sessions_are_misfits(staff: Api, world: World) -> None:
    """An ended session needs no action, whether it takes time or not."""
    path = f"/v1/practice/practitioners/{world.practitioner_id}/misfits"
    weekend = START + 2 * DAY
    ids = [await world.book(weekend + n * 60 * MINUTE) for n in range(4)]
    for session_id, what in zip(ids, ("fulfilled", "noshow", "cancel"), strict=False):
        assert await act(staff, session_id, what) == DONE
    found = (await staff.get(path)).json()
    assert [item["id"] for item in found["items"]] == [str(ids[3])]


async def test_the_stored_times_hold_the_taken_time(
    staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    for what, seconds, taken in (
        ("fulfilled", 60, (50, 60)),
        ("undo", 60, (50, 60)),
        ("noshow", 90, (1.5, 1.5)),
        ("undo", 90, (50, 60)),
        ("cancel", 90, None),
    ):
        clock.now = START + timedelta(seconds=seconds)
        assert await act(staff, session_id, what) == DONE
        (session,) = await world.rows(Session, id=session_id)
        rows = await world.rows(TakenTime, id=session_id)
        if taken is None:
            assert (session.taken_until, rows) == (None, [])
        else:
            until, buffered = (START + minutes * MINUTE for minutes in taken)
            (row,) = rows
            assert (session.taken_until, row.ends_at) == (until, until)
            assert row.counts is (what != "noshow")
            assert (row.span_before.lower, row.span_before.upper) == (START, until)
            assert (row.span_after.lower, row.span_after.upper) == (START, buffered)
