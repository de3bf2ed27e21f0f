"""Concurrent requests of staff, clients and their software have one complete outcome."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
SESSIONS = "/v1/practice/sessions"
WHY = {"reason": {"note": "Dr. Chen is ill."}}
FREE = {"charge_fee": False, **WHY}
ROUNDS = 8


@pytest.fixture
async def staff(api: Api, world: World) -> Api:
    return api.signed_in(await world.key())


def codes(answers: Sequence[Response]) -> Counter[str]:
    return Counter("ok" if answer.is_success else answer.json()["code"] for answer in answers)


def booking(world: World, **values: Any) -> dict[str, Any]:
    return {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": START.isoformat(),
        "format": "video",
    } | {name: str(value) for name, value in values.items()}


async def test_of_concurrent_bookings_of_one_slot_one_succeeds(staff: Api, world: World) -> None:
    clients = [await world.add_client() for _ in range(20)]
    bodies = [booking(world, client_id=client_id) for client_id in clients]
    answers = await asyncio.gather(*(staff.post(SESSIONS, body) for body in bodies))
    assert codes(answers) == {"ok": 1, "slot-unavailable": 19}
    assert len(await world.rows(Session)) == 1


async def test_a_client_is_booked_at_one_time_with_only_one_of_many_practitioners(
    staff: Api, world: World
) -> None:
    practitioners = [await world.add_practitioner() for _ in range(10)]
    bodies = [booking(world, practitioner_id=found) for found in practitioners]
    answers = await asyncio.gather(*(staff.post(SESSIONS, body) for body in bodies))
    assert codes(answers) == {"ok": 1, "slot-unavailable": 9}


async def test_of_concurrent_bookings_with_one_external_ref_one_succeeds(
    staff: Api, world: World
) -> None:
    practitioners = [await world.add_practitioner() for _ in range(8)]
    bodies = [
        booking(
            world,
            practitioner_id=practitioner_id,
            client_id=await world.add_client(),
            external_ref="visit-7",
        )
        for practitioner_id in practitioners
    ]
    answers = await asyncio.gather(*(staff.post(SESSIONS, body) for body in bodies))
    assert codes(answers) == {"ok": 1, "validation-failed": 7}


async def test_undoing_a_cancellation_and_a_booking_compete_for_one_time(
    staff: Api, world: World
) -> None:
    for number in range(ROUNDS):
        start = START + number * 7 * DAY
        session_id = await world.book(start)
        await staff.post(f"{SESSIONS}/{session_id}/cancel", FREE)
        body = booking(world, client_id=await world.add_client()) | {"start": start.isoformat()}
        answers = await asyncio.gather(
            staff.post(f"{SESSIONS}/{session_id}/undo", WHY), staff.post(SESSIONS, body)
        )
        assert codes(answers) == {"ok": 1, "slot-unavailable": 1}
        booked = [row for row in await world.rows(Session) if row.starts_at == start]
        assert sorted(row.status for row in booked).count("booked") == 1


@pytest.mark.parametrize("ended", ["fulfilled", "noshow"])
async def test_ending_a_session_and_a_move_into_its_time(
    staff: Api, api: Api, world: World, ended: str
) -> None:
    """A fulfilled session keeps its time. A missed one frees it, and only one request gets it."""
    for number in range(ROUNDS):
        start = START + number * 7 * DAY
        session_id = await world.book(start)
        ben = await world.add_client()
        moving = await world.book(start + DAY, client_id=ben)
        body = {} if ended == "fulfilled" else FREE
        done, moved = await asyncio.gather(
            staff.post(f"{SESSIONS}/{session_id}/{ended}", body),
            api.signed_in(world.token(ben)).reschedule(moving, start),
        )
        assert done.status_code == 200
        if ended == "fulfilled":
            assert moved.json()["code"] == "slot-unavailable"
        undone = await staff.post(f"{SESSIONS}/{session_id}/undo", WHY)
        assert undone.is_success is not moved.is_success
        rows = [row for row in await world.rows(Session) if row.starts_at == start]
        assert sum(row.taken_until is not None for row in rows) == 1
        assert len([row for row in await world.rows(TakenTime) if row.starts_at == start]) == 1


async def test_undoing_a_no_show_and_a_client_compete_for_one_time(
    staff: Api, api: Api, world: World
) -> None:
    for number in range(ROUNDS):
        start = START + number * 7 * DAY
        session_id = await world.book(start)
        ben = await world.add_client()
        moving = await world.book(start + DAY, client_id=ben)
        await staff.post(f"{SESSIONS}/{session_id}/noshow", FREE)
        answers = await asyncio.gather(
            staff.post(f"{SESSIONS}/{session_id}/undo", WHY),
            api.signed_in(world.token(ben)).reschedule(moving, start),
        )
        assert codes(answers) == {"ok": 1, "slot-unavailable": 1}


async def test_client_and_staff_cancel_concurrently(staff: Api, api: Api, world: World) -> None:
    package_id = await world.add_package(credits=50)
    for number in range(ROUNDS):
        session_id = await world.book(START + number * 7 * DAY, package_id=package_id)
        answers = await asyncio.gather(
            api.cancel(session_id), staff.post(f"{SESSIONS}/{session_id}/cancel", FREE)
        )
        assert codes(answers) == {"ok": 2}
        assert len(await world.rows(Change, session_id=session_id, kind="cancelled")) == 1
        told = await world.rows(Notification, session_id=session_id, kind="cancelled")
        assert sorted(row.recipient for row in told) == ["client", "practitioner"]
        (row,) = await world.rows(CreditRedemption, session_id=session_id)
        assert row.returned_at is not None


async def test_two_concurrent_undos_take_the_last_credit_once(staff: Api, world: World) -> None:
    package_id = await world.add_package(credits=1)
    for _ in range(ROUNDS):
        ids = []
        for day in range(2):
            session_id = await world.book(START + day * DAY, package_id=package_id)
            await staff.post(f"{SESSIONS}/{session_id}/cancel", FREE)
            ids.append(session_id)
        answers = await asyncio.gather(
            *(staff.post(f"{SESSIONS}/{found}/undo", WHY) for found in ids)
        )
        assert codes(answers) == {"ok": 1, "credit-unavailable": 1}
        for found in ids:
            await staff.post(f"{SESSIONS}/{found}/cancel", FREE)


async def test_a_fee_becomes_either_waived_or_settled_or_void(staff: Api, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 527_000}, "amount_minor": 4500}]}}
    )
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        session_id = await world.book(START + number * 7 * DAY)
        path = f"{SESSIONS}/{session_id}"
        done = await staff.post(f"{path}/cancel", {"charge_fee": True, **WHY})
        fee = f"/v1/practice/fees/{done.json()['session']['fees'][0]['id']}"
        answers = await asyncio.gather(
            staff.post(f"{fee}/waive", WHY),
            staff.post(f"{fee}/settle", {"payment_reference": "INV-1"}),
            staff.post(f"{path}/undo", WHY),
        )
        assert answers[2].status_code == 200
        (row,) = await world.rows(Fee, session_id=session_id)
        # An undo voids a settled fee and does not change a waived fee.
        assert row.status == ("waived" if answers[0].is_success else "void")
        assert not (answers[0].is_success and answers[1].is_success)
        kinds = {found.kind for found in await world.rows(Change, session_id=session_id)}
        assert ("fee_waived" in kinds) is answers[0].is_success
        assert ("fee_settled" in kinds) is answers[1].is_success
        ends[row.status] += 1
    assert sum(ends.values()) == ROUNDS


async def test_of_concurrent_pushes_of_one_new_session_one_books_it(
    staff: Api, world: World
) -> None:
    for number in range(ROUNDS):
        path = f"{SESSIONS}/by-ref/visit-{number}"
        body = booking(world) | {"start": (START + number * 7 * DAY).isoformat()}
        answers = await asyncio.gather(*(staff.put(path, body) for _ in range(6)))
        assert Counter(answer.status_code for answer in answers) == {201: 1, 200: 5}
        assert len({str(answer.json()["session"]) for answer in answers}) == 1
        (row,) = await world.rows(Session, external_ref=f"visit-{number}")
        assert len(await world.rows(Change, session_id=row.id)) == 1
        told = await world.rows(Notification, session_id=row.id, kind="booked")
        assert sorted(notification.recipient for notification in told) == ["client", "practitioner"]


async def test_of_concurrent_pushes_with_different_practitioners_one_books(
    staff: Api, world: World
) -> None:
    """These pushes hold different locks: only the unique reference excludes a second booking."""
    bodies = [
        booking(
            world,
            practitioner_id=await world.add_practitioner(),
            client_id=await world.add_client(),
        )
        for _ in range(8)
    ]
    path = f"{SESSIONS}/by-ref/visit-7"
    answers = await asyncio.gather(*(staff.put(path, body) for body in bodies))
    assert codes(answers) == {"ok": 1, "validation-failed": 7}
    assert len(await world.rows(Session)) == 1


async def test_a_concurrent_push_and_move_of_a_client(staff: Api, api: Api, world: World) -> None:
    """Either the client is first and the push is refused, or the push is first and both succeed."""
    for number in range(ROUNDS):
        start, path = START + number * 7 * DAY, f"{SESSIONS}/by-ref/visit-{number}"
        body = booking(world) | {"start": start.isoformat()}
        session_id = (await staff.put(path, body)).json()["session"]["id"]
        new = body | {"start": (start + timedelta(hours=1)).isoformat()}
        pushed, moved = await asyncio.gather(
            staff.put(path, new), api.reschedule(session_id, start + timedelta(hours=3))
        )
        assert moved.is_success
        assert codes([pushed]) in ({"ok": 1}, {"session-changed": 1})
        (row,) = await world.rows(Session, external_ref=f"visit-{number}")
        assert row.starts_at == start + timedelta(hours=3)
        assert row.version == (3 if pushed.is_success else 2)


async def test_a_booking_beside_a_new_holiday_has_a_deadline_of_before_or_after_it(
    staff: Api, world: World
) -> None:
    """Both succeed: neither waits for the other for good. What is stored is never half of each."""
    await world.add_policy(
        {
            "cancel": {
                "closes": {"working_days": 1, "at": "12:00"},
                "fees": [{"deadline": {"working_days": 2, "at": "12:00"}, "percent": "50"}],
            }
        }
    )
    before, after = ["2026-12-09", "2026-12-08"], ["2026-12-08", "2026-12-07"]
    for hour in range(ROUNDS):
        await staff.put("/v1/practice/holidays", {"dates": []})
        start = START + 7 * DAY + (hour - 1) * timedelta(hours=1)
        answers = await asyncio.gather(
            staff.post(SESSIONS, booking(world, start=start.isoformat()) | {"force": True}),
            staff.put("/v1/practice/holidays", {"dates": [{"date": "2026-12-09"}]}),
        )
        assert codes(answers) == {"ok": 2}
    stored = [
        [one["instant"][:10] for one in row.frozen_deadlines] for row in await world.rows(Session)
    ]
    assert len(stored) == ROUNDS
    assert all(found in (before, after) for found in stored)
