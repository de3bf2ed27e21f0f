"""A nudge is queued with each change of a session, and dropped when it is no longer needed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.notifications import Notification
from app.tables.practices import Service
from tests.groups import add_group
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=7)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAY_AHEAD: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]}
}
SESSIONS = "/v1/practice/sessions"
WHY = {"note": "They called."}
Queued = list[tuple[str, datetime]]


async def waiting(world: World, session_id: UUID | None = None) -> Queued:
    """List the pending mails before sessions."""
    which = {} if session_id is None else {"session_id": session_id}
    rows = await world.rows(Notification, status="pending", recipient="client", **which)
    kinds = {"reminder", "nudge", "reminder_nudge"}
    return sorted(((row.kind, row.send_at) for row in rows if row.kind in kinds), key=str)


def planned(start: datetime) -> Queued:
    """Give the nudge a day before the free cancellation ends, and the reminder a day ahead."""
    return [("nudge", start - 2 * DAY), ("reminder", start - DAY)]


@pytest.fixture(autouse=True)
async def nudging(world: World) -> None:
    await world.change(Service, world.service_id, nudge_hours_before=24)
    await world.add_policy(DAY_AHEAD)


def booking(world: World, start: datetime = START, **body: Any) -> dict[str, Any]:
    return {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": start.isoformat(),
        "format": "video",
        **body,
    }


async def book(staff: Api, world: World, start: datetime = START, **body: Any) -> UUID:
    made = await staff.post(SESSIONS, booking(world, start, **body))
    assert made.status_code == 201, made.text
    return UUID(made.json()["session"]["id"])


async def test_a_booking_queues_it(staff: Api, world: World) -> None:
    session_id = await book(staff, world)
    assert await waiting(world) == planned(START)
    (row,) = await world.rows(Notification, kind="nudge")
    assert (row.session_id, row.starts_at) == (session_id, START)


async def test_a_booking_without_mails_queues_it_too(staff: Api, world: World) -> None:
    await book(staff, world, notify=False)
    assert await waiting(world) == planned(START)


async def test_the_service_decides_and_the_policy(staff: Api, world: World) -> None:
    await world.change(Service, world.service_id, nudge_hours_before=None)
    await book(staff, world)
    await world.change(Service, world.service_id, nudge_hours_before=24)
    await world.add_policy({})
    await book(staff, world, START + DAY)
    assert {kind for kind, _ in await waiting(world)} == {"reminder"}


async def test_what_pays_by_credit_is_nudged_where_it_is_forfeited(
    staff: Api, world: World
) -> None:
    free = {"deadline": {"before_minutes": 1440}, "percent": "0"}
    await world.add_policy({"cancel": {"fees": [free], "late_credit": "forfeited"}})
    await book(staff, world)
    assert await waiting(world) == [("reminder", START - DAY)]
    package_id = await world.add_package()
    session_id = await book(staff, world, START + DAY, package_id=str(package_id))
    assert await waiting(world, session_id) == planned(START + DAY)


async def test_a_booking_shortly_before_has_none(staff: Api, world: World) -> None:
    """It would be due within twelve hours: the client has just read the deadline."""
    start = NOW + 2 * DAY + 3 * HOUR
    await book(staff, world, start)
    assert await waiting(world) == [("reminder", start - DAY)]


async def test_close_to_a_reminder_it_is_one_mail(staff: Api, world: World) -> None:
    await world.change(Service, world.service_id, reminder_minutes=[2880 + 300])
    await book(staff, world)
    # Not later than either: the nudge would be due five hours after the reminder.
    assert await waiting(world) == [("reminder_nudge", START - 2 * DAY - 5 * HOUR)]


async def test_at_night_of_the_client_it_goes_in_the_evening(staff: Api, world: World) -> None:
    tokyo = await world.add_client(email="aki@client.example", time_zone="Asia/Tokyo")
    await book(staff, world, client_id=str(tokyo))
    # 10:00 in New York is midnight in Tokyo; 20:59 there is 11:59 UTC of the day.
    due = (START - 2 * DAY).replace(hour=11, minute=59)
    assert await waiting(world) == [("nudge", due), ("reminder", START - DAY)]


async def test_dates_of_a_series_have_each_their_own(staff: Api, world: World) -> None:
    body = booking(world, every={"weeks": 1}, count=2)
    assert (await staff.post("/v1/practice/series", body)).status_code == 201
    both = planned(START) + planned(START + 7 * DAY)
    assert await waiting(world) == sorted(both, key=str)


async def test_a_seat_has_one_until_the_practice_moves_its_group(staff: Api, world: World) -> None:
    group = await add_group(world, START)
    made = await staff.post(SESSIONS, {"group_id": str(group), "client_id": str(world.client_id)})
    assert made.status_code == 201, made.text
    assert await waiting(world) == planned(START)
    to = (START + DAY).isoformat()
    body = {"start": to, "force": True, "reason": WHY}
    assert (await staff.post(f"/v1/practice/groups/{group}/move", body)).status_code == 200
    # Now cancelling is free until the start.
    assert await waiting(world) == [("reminder", START)]


async def test_a_move_by_the_client_queues_it_for_the_new_time(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await book(staff, world)
    moved = await api.reschedule(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    assert await waiting(world) == planned(START + DAY)
    undone = await api.post(f"/v1/sessions/{session_id}/undo", None)
    assert undone.status_code == 200, undone.text
    assert await waiting(world) == planned(START)


async def test_after_a_move_by_the_practice_cancelling_is_free_so_there_is_none(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await book(staff, world)
    moved = await staff.reschedule_by_staff(session_id, START + DAY)
    assert moved.status_code == 200, moved.text
    assert await waiting(world) == [("reminder", START)]
    again = await api.reschedule(session_id, START)
    assert again.status_code == 200, again.text
    assert await waiting(world) == planned(START)


async def test_a_series_that_moves_queues_them_for_the_new_times(
    api: Api, staff: Api, world: World
) -> None:
    body = booking(world, every={"weeks": 1}, count=2)
    made = (await staff.post("/v1/practice/series", body)).json()
    first = UUID(made["series"]["sessions"][0]["id"])
    moved = await api.reschedule(first, START + DAY, scope="this_and_following")
    assert moved.status_code == 200, moved.text
    both = planned(START + DAY) + planned(START + 8 * DAY)
    assert await waiting(world) == sorted(both, key=str)


async def test_a_late_move_carries_a_cost_so_nothing_is_free_any_more(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    session_id = await book(staff, world)
    clock.now = START - HOUR * 5
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    moved = await api.reschedule(session_id, START + 7 * DAY, quote=quote)
    assert moved.status_code == 200, moved.text
    assert await waiting(world) == planned(START + 7 * DAY)
    await world.add_policy(
        {
            "cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]},
            "reschedule": {"fees": []},
        }
    )
    clock.now = NOW
    other = await book(staff, world, START + DAY)
    clock.now = START + DAY - 5 * HOUR
    quote = (await api.session(other))["actions"]["reschedule"]["quote"]
    moved = await api.reschedule(other, START + 8 * DAY, quote=quote)
    assert moved.json()["session"]["policy"]["terms"]["cancel"][0]["fee"] is not None
    assert await waiting(world, other) == [("reminder", START + 7 * DAY)]


async def test_a_cancellation_drops_it_and_an_undo_queues_it_again(
    api: Api, staff: Api, world: World
) -> None:
    session_id = await book(staff, world)
    await api.cancel(session_id)
    assert await waiting(world) == []
    assert (await api.post(f"/v1/sessions/{session_id}/undo", None)).status_code == 200
    assert await waiting(world) == planned(START)
    await api.cancel(session_id)
    restored = await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert restored.status_code == 200, restored.text
    assert await waiting(world) == planned(START)


async def test_who_confirms_is_only_reminded(api: Api, staff: Api, world: World) -> None:
    session_id = await book(staff, world)
    assert (await api.post(f"/v1/sessions/{session_id}/confirm", None)).status_code == 200
    assert await waiting(world) == [("reminder", START - DAY)]
    (nudge,) = await world.rows(Notification, kind="nudge")
    assert (nudge.status, nudge.finished_at) == ("dropped", NOW)
    # Neither a change of format nor an undo of a mark brings it back.
    changed = await api.reschedule(session_id, START, format="phone")
    assert changed.status_code == 200, changed.text
    assert await waiting(world) == [("reminder", START - DAY)]
    await staff.post(f"{SESSIONS}/{session_id}/noshow", {"charge_fee": False})
    await staff.post(f"{SESSIONS}/{session_id}/undo", {"reason": WHY})
    assert await waiting(world) == [("reminder", START - DAY)]


async def test_a_reminder_that_is_a_nudge_too_stays_for_who_confirms(
    api: Api, staff: Api, world: World
) -> None:
    await world.change(Service, world.service_id, reminder_minutes=[2880])
    session_id = await book(staff, world)
    assert (await api.post(f"/v1/sessions/{session_id}/confirm", None)).status_code == 200
    assert await waiting(world) == [("reminder_nudge", START - 2 * DAY)]


async def test_a_session_that_is_booked_again_is_nudged(api: Api, staff: Api, world: World) -> None:
    await world.add_policy(DAY_AHEAD | {"rebook": {"days": 30, "fee": "stands"}})
    session_id = await book(staff, world)
    await api.cancel(session_id)
    again = await api.reschedule(session_id, START + DAY)
    assert again.status_code == 200, again.text
    assert await waiting(world) == planned(START + DAY)


# The field of a service


async def test_a_new_service_has_a_day_and_null_turns_it_off(staff: Api) -> None:
    body = {
        "name": "Massage",
        "duration_minutes": 60,
        "price": {"amount_minor": 9000, "currency": "USD"},
        "formats": [{"kind": "video"}],
    }
    made = (await staff.post("/v1/practice/services", body)).json()
    assert made["nudge_hours_before"] == 24
    path = f"/v1/practice/services/{made['id']}"
    for value in (48, None, 720):
        changed = await staff.patch(path, {"nudge_hours_before": value})
        assert changed.json()["nudge_hours_before"] == value
    for wrong in (0, 721, "24", 1.5):
        answer = await staff.patch(path, {"nudge_hours_before": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == "/nudge_hours_before"


async def test_a_settled_fee_that_is_credited_leaves_nothing_to_nudge_about(
    api: Api, staff: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy(DAY_AHEAD | {"rebook": {"days": 30, "fee": "credited"}})
    session_id = await book(staff, world)
    clock.now = START - HOUR
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    cancelled = await api.cancel(session_id, quote=quote)
    (fee,) = cancelled.json()["session"]["fees"]
    await staff.post(f"/v1/practice/fees/{fee['id']}/settle", {"payment_reference": "R-1"})

    assert (await api.reschedule(session_id, START + 7 * DAY)).is_success
    terms = (await api.session(session_id))["policy"]["terms"]["cancel"]
    assert [term["fee"] for term in terms] == [None]
    assert await waiting(world, session_id) == [("reminder", START + 6 * DAY)]
