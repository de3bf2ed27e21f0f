"""Moving a session and changing its format (product.md sections 3, 4 and 10)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.domain.errors import InvalidInputError
from app.domain.session import Format
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import BusyInterval, HoursOverride, Location, ServiceFormat
from app.tables.sessions import Session
from tests.world import NOW, REASON, Api, TestClock, World, slots

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


async def add_location(world: World, name: str = "Pier") -> UUID:
    """Give the service another location to visit."""
    location_id = await world.add(Location, name=name, address=f"{name} 2")
    await world.add(
        ServiceFormat,
        service_id=world.service_id,
        format="in_person",
        location_id=location_id,
        instructions="Ring twice.",
    )
    return location_id


async def busy(world: World, start: datetime, length: timedelta) -> None:
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="external",
        source="calendar",
        starts_at=start,
        ends_at=start + length,
    )


def code_of(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# A move keeps the session's id


async def test_a_move_keeps_the_id_and_raises_the_version_by_one(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + DAY)
    assert answer.status_code == 200
    session = answer.json()["session"]
    assert (session["id"], session["version"], session["status"]) == (
        str(session_id),
        2,
        "booked",
    )
    assert session["starts_at"] == "2026-12-04T10:00:00-05:00"
    assert session["ends_at"] == "2026-12-04T10:50:00-05:00"
    assert session == await api.session(session_id)
    assert len(await world.rows(Session)) == 1


async def test_a_move_adds_one_change_with_before_after_and_why(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY, format="phone")
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert [change["kind"] for change in history] == ["booked", "rescheduled"]
    moved = history[1]
    assert (moved["by"], moved["reason"], moved["version"]) == ("client", REASON, 2)
    before, after = moved["before"], moved["after"]
    assert (before["starts_at"], before["format"]) == ("2026-12-03T10:00:00-05:00", "video")
    assert (after["starts_at"], after["format"]) == ("2026-12-04T10:00:00-05:00", "phone")


async def test_the_old_time_is_on_offer_again_at_once(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY)
    other = await world.add_client(name="Ben")
    theirs = await world.book(START + 4 * DAY, client_id=other)
    ben = api.signed_in(world.token(other))
    found = slots(await ben.availability(theirs))
    assert "2026-12-03T10:00:00-05:00" in found
    assert "2026-12-04T10:00:00-05:00" not in found
    assert (await ben.reschedule(theirs, START)).status_code == 200


async def test_a_session_can_move_to_a_time_that_overlaps_its_own(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + 30 * MINUTE)
    assert answer.status_code == 200


async def test_how_to_join_changes_with_the_format(api: Api, world: World) -> None:
    session_id = await world.book(START)
    shown = []
    for hours, kind in enumerate(["in_person", "phone", "video"], start=1):
        answer = await api.reschedule(session_id, START + hours * HOUR, format=kind)
        shown.append(answer.json()["session"]["format"])
    place = {
        "id": str(world.location_id),
        "name": "Harbor Street",
        "address": "1 Harbor Street",
        "time_zone": "America/New_York",
    }
    assert shown == [
        {"kind": "in_person", "join_url": None, "location": place, "instructions": None},
        {"kind": "phone", "join_url": None, "location": None, "instructions": "We call you."},
        {
            "kind": "video",
            "join_url": "https://video.example/maya",
            "location": None,
            "instructions": None,
        },
    ]


# Every listed slot can be taken


async def test_the_first_and_the_last_slot_on_offer_can_be_taken(api: Api, world: World) -> None:
    for end in (0, -1):
        session_id = await world.book(START)
        start = slots(await api.availability(session_id))[end]
        answer = await api.reschedule(session_id, start)
        assert answer.json()["session"]["starts_at"] == start


async def test_every_slot_of_a_day_can_be_taken_one_after_the_other(api: Api, world: World) -> None:
    other = await world.add_client(name="Ben")
    await world.book(START + DAY + 2 * HOUR, client_id=other)
    await busy(world, START + DAY + 5 * HOUR, HOUR)
    session_id = await world.book(START)
    friday = {"from": "2026-12-04", "to": "2026-12-04"}
    offered = slots(await api.availability(session_id, **friday))
    assert len(offered) > 5
    for start in offered:
        answer = await api.reschedule(session_id, start)
        assert (answer.status_code, answer.json()["session"]["starts_at"]) == (200, start)


async def test_no_other_start_of_that_day_can_be_taken(api: Api, world: World) -> None:
    other = await world.add_client(name="Ben")
    await world.book(START + DAY + 2 * HOUR, client_id=other)
    session_id = await world.book(START)
    friday = {"from": "2026-12-04", "to": "2026-12-04"}
    offered = {
        datetime.fromisoformat(start)
        for start in slots(await api.availability(session_id, **friday))
    }
    midnight = START + DAY - 10 * HOUR
    tried = [midnight + step * 30 * MINUTE for step in range(48)]
    for start in sorted(set(tried) - offered):
        answer = await api.reschedule(session_id, start)
        assert code_of(answer) == (409, "slot-unavailable"), start
    assert (await api.session(session_id))["version"] == 1


@pytest.mark.parametrize(
    "off",
    [timedelta(microseconds=1), timedelta(seconds=1), MINUTE, 15 * MINUTE],
)
async def test_a_start_off_the_step_is_unavailable(api: Api, world: World, off: timedelta) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + DAY + off)
    assert code_of(answer) == (409, "slot-unavailable")


async def test_the_same_instant_may_be_spelled_in_any_offset(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, "2026-12-05T00:00:00+09:00")
    assert answer.json()["session"]["starts_at"] == "2026-12-04T10:00:00-05:00"


# Changing the format


async def test_the_same_start_in_another_format_is_a_change_of_format(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START, format="phone")
    assert answer.json()["session"]["format"]["instructions"] == "We call you."
    history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
    assert history[-1]["kind"] == "format_changed"


async def test_the_format_can_change_where_moving_is_refused(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"enabled": False}})
    session_id = await world.book(START)
    assert code_of(await api.reschedule(session_id, START + DAY)) == (403, "action-disabled")
    assert slots(await api.availability(session_id, format="phone")) == [
        "2026-12-03T10:00:00-05:00"
    ]
    assert (await api.reschedule(session_id, START, format="phone")).status_code == 200


async def test_the_format_can_change_within_the_minimum_notice(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START - MINUTE
    assert (await api.reschedule(session_id, START, format="phone")).status_code == 200


async def test_the_format_can_change_beyond_the_horizon(api: Api, world: World) -> None:
    session_id = await world.book(START + 70 * DAY)
    answer = await api.reschedule(session_id, START + 70 * DAY, format="phone")
    assert answer.status_code == 200


async def test_the_format_can_change_off_the_step(api: Api, world: World) -> None:
    session_id = await world.book(START + 7 * MINUTE)
    answer = await api.reschedule(session_id, START + 7 * MINUTE, format="phone")
    assert answer.status_code == 200


async def test_changing_the_format_keeps_to_its_own_rules(api: Api, world: World) -> None:
    await world.add_policy({"change_format": {"enabled": False}})
    session_id = await world.book(START)
    assert code_of(await api.reschedule(session_id, START, format="phone")) == (
        403,
        "action-disabled",
    )
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200


async def test_changing_the_format_has_its_own_deadline(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"change_format": {"closes": {"before_minutes": 120}}})
    session_id = await world.book(START)
    clock.now = START - 90 * MINUTE
    answer = await api.reschedule(session_id, START, format="phone")
    assert code_of(answer) == (409, "notice-too-short")
    assert answer.json()["deadline"] == "2026-12-03T08:00:00-05:00"


async def test_changing_the_format_needs_hours_for_that_format(api: Api, world: World) -> None:
    day = {"practitioner_id": world.practitioner_id, "date": START.date()}
    await world.add(HoursOverride, **day, start_minute=540, end_minute=1020, format="video")
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START, format="phone")
    assert code_of(answer) == (409, "slot-unavailable")


async def test_changing_the_format_to_the_present_one_is_no_change(api: Api, world: World) -> None:
    session_id = await world.book(START)
    assert code_of(await api.reschedule(session_id, START)) == (409, "no-change")
    assert (await api.session(session_id))["version"] == 1


async def test_another_location_at_the_same_time_is_a_change(api: Api, world: World) -> None:
    pier = await add_location(world)
    session_id = await world.book(START, format=Format.IN_PERSON, location_id=world.location_id)
    same: dict[str, Any] = {"format": "in_person", "location_id": str(world.location_id)}
    assert code_of(await api.reschedule(session_id, START, **same)) == (409, "no-change")
    answer = await api.reschedule(session_id, START, format="in_person", location_id=str(pier))
    shown = answer.json()["session"]["format"]
    assert (shown["location"]["name"], shown["instructions"]) == ("Pier", "Ring twice.")


# Locations


async def test_the_only_location_need_not_be_named(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + DAY, format="in_person")
    assert answer.json()["session"]["format"]["location"]["id"] == str(world.location_id)


async def test_of_several_locations_one_has_to_be_named(api: Api, world: World) -> None:
    pier = await add_location(world)
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, START + DAY, format="in_person")
    assert code_of(answer) == (422, "validation-failed")
    assert answer.json()["errors"][0]["pointer"] == "/location_id"
    answer = await api.reschedule(
        session_id, START + DAY, format="in_person", location_id=str(pier)
    )
    assert answer.json()["session"]["format"]["location"]["id"] == str(pier)


async def test_a_location_that_the_service_lacks_is_refused(api: Api, world: World) -> None:
    elsewhere = await world.add(Location, name="Elsewhere", address="Nowhere 1")
    session_id = await world.book(START)
    for kind, place in (
        ("in_person", str(elsewhere)),
        ("video", str(world.location_id)),
        ("phone", str(world.location_id)),
        ("in_person", "harbor"),
    ):
        answer = await api.reschedule(session_id, START + DAY, format=kind, location_id=place)
        assert code_of(answer) == (422, "validation-failed")
        assert answer.json()["errors"][0]["pointer"] == "/location_id"


async def test_a_format_that_the_service_lacks_is_refused(api: Api, world: World) -> None:
    service_id = await world.add_service(formats=("video",))
    session_id = await world.book(START, service_id=service_id)
    for kind in ("phone", "hologram"):
        answer = await api.reschedule(session_id, START + DAY, format=kind)
        assert code_of(answer) == (422, "validation-failed")
        assert answer.json()["errors"][0]["pointer"] == "/format"


# Why a move is refused


async def test_a_start_in_the_past_is_unavailable(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.reschedule(session_id, NOW - 3 * DAY)
    assert code_of(answer) == (409, "slot-unavailable")


async def test_a_start_within_the_minimum_notice_is_unavailable(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = NOW + timedelta(microseconds=1)
    assert code_of(await api.reschedule(session_id, NOW + HOUR)) == (409, "slot-unavailable")
    clock.now = NOW
    assert (await api.reschedule(session_id, NOW + HOUR)).status_code == 200


async def test_the_last_day_of_the_horizon_is_on_offer_and_the_next_is_not(
    api: Api, world: World
) -> None:
    service_id = await world.add_service(horizon_days=7)
    session_id = await world.book(START, service_id=service_id)
    answer = await api.reschedule(session_id, NOW + 8 * DAY)
    assert code_of(answer) == (409, "slot-unavailable")
    assert (await api.reschedule(session_id, NOW + 7 * DAY)).status_code == 200


async def test_the_clients_own_session_with_another_practitioner_blocks(
    api: Api, world: World
) -> None:
    other = await world.add_practitioner(name="Dr. Lee")
    await world.book(START + DAY, practitioner_id=other)
    session_id = await world.book(START)
    friday = {"from": "2026-12-04", "to": "2026-12-04"}
    offered = slots(await api.availability(session_id, **friday))
    assert "2026-12-04T10:00:00-05:00" not in offered
    answer = await api.reschedule(session_id, START + DAY)
    assert code_of(answer) == (409, "slot-unavailable")


async def test_a_cancelled_session_of_the_client_does_not_block(api: Api, world: World) -> None:
    other = await world.add_practitioner(name="Dr. Lee")
    cancelled = await world.book(START + DAY, practitioner_id=other)
    session_id = await world.book(START)
    await api.cancel(cancelled)
    assert (await api.reschedule(session_id, START + DAY)).status_code == 200


async def test_the_larger_of_two_buffers_lies_between_two_sessions(api: Api, world: World) -> None:
    service_id = await world.add_service(name="Massage", buffer_before_minutes=20, step_minutes=5)
    other = await world.add_client(name="Ben")
    await world.book(START + DAY, client_id=other)
    session_id = await world.book(START, service_id=service_id)
    end = START + DAY + 50 * MINUTE
    assert code_of(await api.reschedule(session_id, end + 15 * MINUTE)) == (
        409,
        "slot-unavailable",
    )
    assert (await api.reschedule(session_id, end + 20 * MINUTE)).status_code == 200


async def test_a_taken_slot_comes_with_the_three_nearest_that_are_open(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    other = await world.add_client(name="Ben")
    await world.book(START + DAY, client_id=other)
    answer = await api.reschedule(session_id, START + DAY)
    assert code_of(answer) == (409, "slot-unavailable")
    found = [slot["start"] for slot in answer.json()["alternatives"]]
    assert found == [
        "2026-12-04T09:00:00-05:00",
        "2026-12-04T11:00:00-05:00",
        "2026-12-04T11:30:00-05:00",
    ]


async def test_a_taken_slot_changes_nothing(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.add_client(name="Ben")
    await world.book(START + DAY, client_id=other)
    before = await api.session(session_id)
    counts = [len(await world.rows(table)) for table in (Change, Notification)]
    await api.reschedule(session_id, START + DAY)
    assert await api.session(session_id) == before
    assert [len(await world.rows(table)) for table in (Change, Notification)] == counts


@pytest.mark.parametrize(
    "wished",
    [START + DAY + 7 * MINUTE, NOW - 40 * DAY, NOW + 900 * DAY, START + 2 * DAY],
    ids=["off the step", "long past", "far beyond the horizon", "on a Saturday"],
)
async def test_each_alternative_can_be_taken(api: Api, world: World, wished: datetime) -> None:
    session_id = await world.book(START)
    refused = await api.reschedule(session_id, wished)
    alternatives = refused.json()["alternatives"]
    assert len(alternatives) == 3
    for slot in alternatives:
        answer = await api.reschedule(session_id, slot["start"])
        assert answer.status_code == 200


async def test_the_present_start_in_another_format_is_an_alternative_beyond_the_horizon_too(
    api: Api, world: World
) -> None:
    """Neither notice nor horizon applies to a change of format."""
    far = START + 84 * DAY
    session_id = await world.book(far)
    day = far.date().isoformat()
    found = await api.availability(session_id, format="phone", **{"from": day, "to": day})
    assert [slot[:19] for slot in slots(found)] == ["2027-02-25T10:00:00"]
    refused = await api.reschedule(session_id, far + 30 * MINUTE, format="phone")
    alternatives = [slot["start"][:19] for slot in refused.json()["alternatives"]]
    assert alternatives == ["2027-02-25T10:00:00", "2027-01-29T16:00:00", "2027-01-29T15:30:00"]


async def test_for_a_start_between_two_seconds_the_nearest_slots_come_first(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    wished = START + DAY + 15 * MINUTE + timedelta(milliseconds=500)
    refused = await api.reschedule(session_id, wished)
    found = [slot["start"][11:16] for slot in refused.json()["alternatives"]]
    assert found == ["10:30", "10:00", "11:00"]


async def test_alternatives_of_an_in_person_session_are_at_the_location_asked_for(
    api: Api, world: World
) -> None:
    pier = await add_location(world)
    session_id = await world.book(START)
    at_the_pier: dict[str, Any] = {"format": "in_person", "location_id": str(pier)}
    refused = await api.reschedule(session_id, START + DAY + MINUTE, **at_the_pier)
    found = refused.json()["alternatives"]
    assert len(found) == 3
    for slot in found:
        assert slot["location_id"] == str(pier)
        answer = await api.reschedule(session_id, slot["start"], **at_the_pier)
        assert answer.status_code == 200


async def test_with_nothing_open_there_are_no_alternatives(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await busy(world, NOW - DAY, 90 * DAY)
    answer = await api.reschedule(session_id, START + DAY)
    assert code_of(answer) == (409, "slot-unavailable")
    assert answer.json()["alternatives"] == []


async def test_a_session_that_has_started_cannot_be_moved(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    clock.now = START
    for start, kind in ((START + DAY, "video"), (START, "phone")):
        answer = await api.reschedule(session_id, start, format=kind)
        assert code_of(answer) == (409, "session-started")


async def test_a_cancelled_session_cannot_be_moved(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    for start in (START, START + DAY):
        answer = await api.reschedule(session_id, start)
        assert code_of(answer) == (409, "session-not-booked")


async def test_too_late_to_move_is_refused_with_deadline_and_contact(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    clock.now = START - DAY + timedelta(microseconds=1)
    problem = await api.reschedule(session_id, START + DAY)
    assert code_of(problem) == (409, "notice-too-short")
    assert problem.json()["deadline"] == "2026-12-02T10:00:00-05:00"
    assert problem.json()["contact"]["email"] == "maya@harbor.example"


async def test_the_deadline_is_that_of_the_present_start(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    await api.reschedule(session_id, START + 4 * DAY)
    clock.now = START - HOUR
    assert (await api.reschedule(session_id, START + 5 * DAY)).status_code == 200


# Limits


async def test_a_client_may_move_a_session_as_often_as_the_limit_says(
    api: Api, world: World
) -> None:
    await world.add_policy({"reschedule": {"limit": 2}})
    session_id = await world.book(START)
    for hours in (1, 2):
        assert (await api.reschedule(session_id, START + hours * HOUR)).status_code == 200
    answer = await api.reschedule(session_id, START + 3 * HOUR)
    assert code_of(answer) == (409, "reschedule-limit-reached")
    assert answer.json()["contact"]["name"] == "Dr. Maya Chen"


async def test_changes_of_format_do_not_count_as_moves(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    session_id = await world.book(START)
    for kind in ("phone", "in_person", "video"):
        assert (await api.reschedule(session_id, START, format=kind)).status_code == 200
    assert (await api.reschedule(session_id, START + HOUR)).status_code == 200
    answer = await api.reschedule(session_id, START + HOUR, format="phone")
    assert answer.status_code == 200


async def test_a_refused_move_does_not_count(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    session_id = await world.book(START)
    await api.reschedule(session_id, START + MINUTE)
    assert (await api.reschedule(session_id, START + HOUR)).status_code == 200


async def test_a_start_too_far_from_the_booked_one_is_unavailable(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"max_days_from_original": 5}})
    session_id = await world.book(START)
    tuesday = START + 5 * DAY
    assert code_of(await api.reschedule(session_id, tuesday + DAY)) == (409, "slot-unavailable")
    assert (await api.reschedule(session_id, tuesday)).status_code == 200


async def test_the_distance_is_counted_from_the_booked_start_not_from_the_last_move(
    api: Api, world: World
) -> None:
    await world.add_policy({"reschedule": {"max_days_from_original": 5}})
    session_id = await world.book(START)
    await api.reschedule(session_id, START + 5 * DAY)
    answer = await api.reschedule(session_id, START + 6 * DAY)
    assert code_of(answer) == (409, "slot-unavailable")
    assert (await api.reschedule(session_id, START - DAY)).status_code == 200


async def test_alternatives_keep_the_distance_too(api: Api, world: World) -> None:
    await world.add_policy({"reschedule": {"max_days_from_original": 1}})
    session_id = await world.book(START)
    refused = await api.reschedule(session_id, START + 20 * DAY)
    found = [slot["start"] for slot in refused.json()["alternatives"]]
    assert found == [
        "2026-12-04T16:00:00-05:00",
        "2026-12-04T15:30:00-05:00",
        "2026-12-04T15:00:00-05:00",
    ]


# Notifications


async def test_a_move_notifies_client_and_practitioner(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY)
    notifications = await world.rows(Notification, kind="rescheduled")
    assert {notification.recipient for notification in notifications} == {"client", "practitioner"}
    assert {notification.starts_at for notification in notifications} == {START + DAY}


async def test_a_move_drops_the_old_reminder_and_queues_a_new_one(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, START + DAY)
    reminders = await world.rows(Notification, kind="reminder")
    assert {(row.starts_at, row.send_at, row.status) for row in reminders} == {
        (START, START - DAY, "dropped"),
        (START + DAY, START, "pending"),
    }


async def test_no_reminder_is_queued_for_a_time_in_the_past(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.reschedule(session_id, NOW + 2 * HOUR)
    assert await world.rows(Notification, kind="reminder", status="pending") == []


# The body


async def test_a_bad_body_is_refused_with_a_pointer_and_changes_nothing(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"start": None}, "/start"),
        ({"start": 0}, "/start"),
        ({"start": "2026-12-04T10:00:00"}, "/start"),
        ({"start": "2026-12-04"}, "/start"),
        ({"start": "2026-13-04T10:00:00Z"}, "/start"),
        ({"start": "9999-12-31T23:59:59-14:00"}, "/start"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "/start"),
        ({"format": None}, "/format"),
        ({"format": "VIDEO"}, "/format"),
        ({"location_id": 7}, "/location_id"),
        ({"reason": None}, "/reason"),
        ({"reason": {"note": " "}}, "/reason/note"),
        ({"reason": {"note": "ok", "code": "bored"}}, "/reason/code"),
        ({"end": "2026-12-04T11:00:00Z"}, "/end"),
    ]
    for change, pointer in bad:
        body = {"start": (START + DAY).isoformat(), "format": "video", "reason": REASON} | change
        answer = await api.post(f"/v1/sessions/{session_id}/reschedule", body)
        assert code_of(answer) == (422, "validation-failed"), change
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer], change
    assert (await api.session(session_id))["version"] == 1


async def test_start_format_and_reason_are_required(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.post(f"/v1/sessions/{session_id}/reschedule", {})
    pointers = {error["pointer"] for error in answer.json()["errors"]}
    assert pointers == {"/start", "/format", "/reason"}


async def test_a_started_session_is_refused_as_started_not_as_unchanged(
    api: Api, world: World, clock: TestClock
) -> None:
    start = NOW + timedelta(days=1)
    session_id = await world.book(start)
    clock.now = start
    answer = await api.reschedule(session_id, start)
    assert answer.json()["code"] == "session-started"


async def test_a_session_is_booked_for_whole_seconds_only(world: World) -> None:
    with pytest.raises(InvalidInputError):
        await world.book(NOW + timedelta(days=1, microseconds=1))


async def test_no_change_is_about_time_format_and_place_not_about_how_to_join(
    api: Api, world: World
) -> None:
    """A video room that the practitioner changed after the booking does not change the session."""
    session_id = await world.book(START)
    await world.change_practitioner(video_url="https://video.example/new")
    assert code_of(await api.reschedule(session_id, START)) == (409, "no-change")
