"""Availability over HTTP. The slot computation itself is tested in tests/domain."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.session import Format
from app.tables.practices import BusyInterval, Client, HoursOverride, Practitioner, Service
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
CONTACT = {"name": "Dr. Maya Chen", "email": "maya@harbor.example", "phone": "+1 212 555 0100"}


def day(date: str, until: str | None = None) -> dict[str, Any]:
    return {"from": date, "to": until or date}


async def test_the_slots_of_a_day_respect_hours_step_and_buffers(api: Api, world: World) -> None:
    """The session does not block its own time; its present time is not a slot."""
    session_id = await world.book(START)
    ben = await world.add_client(name="Ben")
    await world.book(START + timedelta(hours=3), client_id=ben)  # 13:00 to 13:50, free at 14:00
    found = await api.availability(session_id, **day("2026-12-03"))
    assert [start[11:16] for start in slots(found)] == [
        *("09:00", "09:30", "10:30", "11:00", "11:30", "12:00"),
        *("14:00", "14:30", "15:00", "15:30", "16:00"),
    ]


async def test_the_answer_is_complete(api: Api, world: World) -> None:
    session_id = await world.book(START)
    found = await api.availability(session_id, **day("2026-12-04", "2026-12-07"))
    days = found.pop("days")
    assert found == {
        "session_id": str(session_id),
        "format": "video",
        "time_zone": "America/New_York",
        "from": "2026-12-04",
        "to": "2026-12-07",
        "empty_reason": None,
        "next_available": None,
    }
    assert [entry["date"] for entry in days] == ["2026-12-04", "2026-12-07"]  # no weekend
    assert days[0]["slots"][0] == {
        "start": "2026-12-04T09:00:00-05:00",
        "end": "2026-12-04T09:50:00-05:00",
        "location_id": None,
    }


async def test_the_default_range_is_a_month_from_today_in_the_clients_zone(
    api: Api, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    await world.change(Client, world.client_id, time_zone="Pacific/Kiritimati")
    clock.now = datetime.fromisoformat("2026-11-30T11:00:00+00:00")  # 01:00 on 1 December there
    found = await api.availability(session_id)
    assert (found["from"], found["to"]) == ("2026-12-01", "2026-12-31")
    assert found["time_zone"] == "Pacific/Kiritimati"
    found = await api.availability(session_id, **{"from": "2026-12-10"})
    assert (found["from"], found["to"]) == ("2026-12-10", "2027-01-09")


async def test_days_and_offsets_are_the_viewers(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for zone in ["Europe/Paris", "Pacific/Auckland", "America/Los_Angeles"]:
        with subtests.test(zone[:80]):
            here = await api.availability(session_id, **day("2026-12-01", "2026-12-15"))
            there = await api.availability(
                session_id, time_zone=zone, **day("2026-12-01", "2026-12-15")
            )
            assert there["time_zone"] == zone
            offset = {"Europe/Paris": "+01:00", "Pacific/Auckland": "+13:00"}.get(zone, "-08:00")
            for entry in there["days"]:
                assert entry["slots"]
                for slot in entry["slots"]:
                    assert slot["start"].startswith(entry["date"])
                    assert slot["start"].endswith(offset)
                    assert slot["end"].endswith(offset)
            middle = {f"2026-12-{number:02}" for number in range(3, 14)}
            at = [
                {datetime.fromisoformat(start) for start in slots(found)} for found in (here, there)
            ]
            assert {found for found in at[0] if found.date().isoformat() in middle} <= at[1]


async def test_in_a_distant_zone_a_working_day_falls_on_two_dates(api: Api, world: World) -> None:
    session_id = await world.book(START)
    found = await api.availability(
        session_id, time_zone="Pacific/Auckland", **day("2026-12-05", "2026-12-05")
    )
    # From 11:00, Friday in New York is Saturday there; 9:00 to 16:00 becomes 03:00 to 10:00.
    assert [slots(found)[0], slots(found)[-1]] == [
        "2026-12-05T03:00:00+13:00",
        "2026-12-05T10:00:00+13:00",
    ]


async def test_on_the_day_clocks_go_back_the_hour_is_offered_twice(
    api: Api, world: World, clock: TestClock
) -> None:
    clock.now = datetime.fromisoformat("2026-10-20T12:00:00+00:00")
    session_id = await world.book(clock.now + timedelta(days=3), now=clock.now)
    await world.add_hours(world.practitioner_id, 7, 0, 4 * 60)
    found = await api.availability(session_id, **day("2026-11-01"))
    assert slots(found) == [
        "2026-11-01T00:00:00-04:00",
        "2026-11-01T00:30:00-04:00",
        "2026-11-01T01:00:00-04:00",
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:00:00-05:00",
        "2026-11-01T01:30:00-05:00",
        "2026-11-01T02:00:00-05:00",
        "2026-11-01T02:30:00-05:00",
        "2026-11-01T03:00:00-05:00",
    ]


async def test_on_the_day_clocks_go_forward_nothing_starts_in_the_gap(
    api: Api, world: World, clock: TestClock
) -> None:
    clock.now = datetime.fromisoformat("2027-03-01T12:00:00+00:00")
    session_id = await world.book(clock.now + timedelta(days=3), now=clock.now)
    await world.add_hours(world.practitioner_id, 7, 0, 5 * 60)
    found = await api.availability(session_id, **day("2027-03-14"))
    assert [(start[11:16], start[19:]) for start in slots(found)] == [
        ("00:00", "-05:00"),
        ("00:30", "-05:00"),
        ("01:00", "-05:00"),
        ("01:30", "-05:00"),
        ("03:00", "-04:00"),
        ("03:30", "-04:00"),
        ("04:00", "-04:00"),
    ]


async def test_both_readings_of_the_repeated_hour_can_be_booked(
    api: Api, world: World, clock: TestClock
) -> None:
    clock.now = datetime.fromisoformat("2026-10-20T12:00:00+00:00")
    session_id = await world.book(clock.now + timedelta(days=3), now=clock.now)
    await world.add_hours(world.practitioner_id, 7, 0, 4 * 60)
    for start in ("2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00"):
        answer = await api.reschedule(session_id, start)
        assert answer.status_code == 200, answer.text
        assert answer.json()["session"]["starts_at"] == start


async def test_every_slot_on_offer_can_be_taken(api: Api, world: World) -> None:
    session_id = await world.book(START)
    offered = slots(await api.availability(session_id, **day("2026-12-07", "2026-12-08")))
    for start in offered[::4]:
        answer = await api.reschedule(session_id, start)
        assert answer.status_code == 200, (start, answer.text)


async def test_minimum_notice_is_kept(api: Api, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    clock.now = NOW + timedelta(hours=1, seconds=1)  # 11:00:01, a second too late for 12:00
    found = slots(await api.availability(session_id, **day("2026-11-30")))
    assert found[0] == "2026-11-30T12:30:00-05:00"


async def test_the_clients_own_other_sessions_are_busy(api: Api, world: World) -> None:
    session_id = await world.book(START)
    other = await world.add_practitioner(name="Dr. Roe")
    await world.book(START + timedelta(hours=2), practitioner_id=other)
    found = [
        start[11:16] for start in slots(await api.availability(session_id, **day("2026-12-03")))
    ]
    assert "12:00" not in found
    assert "13:00" in found


async def test_daily_limits_hide_a_full_day(api: Api, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=1)
    session_id = await world.book(START)
    ben = await world.add_client(name="Ben")
    await world.book(START + timedelta(days=1), client_id=ben)
    found = await api.availability(session_id, **day("2026-12-03", "2026-12-04"))
    assert [entry["date"] for entry in found["days"]] == ["2026-12-03"]


async def test_an_override_replaces_its_date_and_time_off_blocks(api: Api, world: World) -> None:
    session_id = await world.book(START)
    saturday = datetime.fromisoformat("2026-12-05").date()
    await world.add(
        HoursOverride,
        practitioner_id=world.practitioner_id,
        date=saturday,
        start_minute=600,
        end_minute=720,
    )
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="time_off",
        starts_at=datetime.fromisoformat("2026-12-05T11:00:00-05:00"),
        ends_at=datetime.fromisoformat("2026-12-05T12:00:00-05:00"),
    )
    found = await api.availability(session_id, **day("2026-12-05"))
    assert slots(found) == ["2026-12-05T10:00:00-05:00"]


async def test_an_in_person_slot_names_its_location(api: Api, world: World) -> None:
    session_id = await world.book(START)
    found = await api.availability(session_id, format="in_person", **day("2026-12-03"))
    assert found["format"] == "in_person"
    places = {slot["location_id"] for entry in found["days"] for slot in entry["slots"]}
    assert places == {str(world.location_id)}
    # The present time in another format is a change, so it is a slot.
    assert "2026-12-03T10:00:00-05:00" in slots(found)


async def test_hours_of_a_format_or_location_apply_to_it_alone(api: Api, world: World) -> None:
    session_id, saturday = await world.book(START), day("2026-12-05")
    doctor, mill_lane = world.practitioner_id, await world.add_location()
    await world.add_hours(doctor, 6, 600, 660, format="video")
    await world.add_hours(doctor, 6, 720, 780, format="in_person", location_id=world.location_id)
    await world.add_hours(doctor, 6, 840, 900, format="in_person", location_id=mill_lane)
    await world.add_hours(doctor, 6, 960, 1020)
    for format_, starts in {"video": ("10", "16"), "in_person": ("12", "16")}.items():
        found = await api.availability(session_id, format=format_, **saturday)
        assert slots(found) == [f"2026-12-05T{hour}:00:00-05:00" for hour in starts]


# No slots


def empty(found: Any) -> tuple[str, str | None]:
    assert found["days"] == []
    assert found["empty_reason"]["contact"] == CONTACT
    assert found["empty_reason"]["message"]
    return found["empty_reason"]["code"], found["next_available"]


async def test_the_next_day_may_be_the_present_one_in_another_format(
    api: Api, world: World
) -> None:
    """A change of format ignores the minimum notice, so its day can be the next day with a slot."""
    session_id = await world.book(START)
    await world.change(Service, world.service_id, minimum_notice_minutes=5 * 1440)
    today = day("2026-11-30", "2026-11-30")
    found = await api.availability(session_id, **today, format="phone")
    assert found["next_available"] == "2026-12-03"
    found = await api.availability(session_id, **today)
    assert found["next_available"] == "2026-12-07"


async def test_fully_booked_says_when_the_next_day_is(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await world.add(
        BusyInterval,
        practitioner_id=world.practitioner_id,
        kind="external",
        source="calendar",
        starts_at=datetime.fromisoformat("2026-12-04T00:00:00-05:00"),
        ends_at=datetime.fromisoformat("2026-12-08T00:00:00-05:00"),
    )
    found = await api.availability(session_id, **day("2026-12-04"))
    assert empty(found) == ("fully_booked", "2026-12-08")


async def test_a_weekend_has_no_working_hours(api: Api, world: World) -> None:
    session_id = await world.book(START)
    found = await api.availability(session_id, **day("2026-12-05", "2026-12-06"))
    assert empty(found) == ("no_working_hours", "2026-12-07")


async def test_the_next_day_is_a_date_of_the_viewer(api: Api, world: World) -> None:
    """Monday 9:00 in New York is Tuesday 03:00 in Auckland."""
    session_id = await world.book(START)
    await world.add(
        HoursOverride,
        practitioner_id=world.practitioner_id,
        date=datetime.fromisoformat("2026-12-07").date(),
        start_minute=720,
        end_minute=1020,
    )
    found = await api.availability(
        session_id, time_zone="Pacific/Auckland", **day("2026-12-06", "2026-12-06")
    )
    assert empty(found) == ("no_working_hours", "2026-12-08")


async def test_days_that_cannot_be_booked_lie_outside_the_horizon(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for date in ["2027-02-15", "2026-10-01", "2199-12-30", "1971-01-01"]:
        with subtests.test(date[:80]):
            code, following = empty(await api.availability(session_id, **day(date)))
            assert code == "outside_horizon"
            assert following == (None if date > "2027" else "2026-11-30")


async def test_the_last_day_of_the_horizon_is_still_on_offer(api: Api, world: World) -> None:
    await world.change(Service, world.service_id, horizon_days=7)
    session_id = await world.book(START)
    assert slots(await api.availability(session_id, **day("2026-12-07")))
    found = await api.availability(session_id, **day("2026-12-08"))
    assert empty(found) == ("outside_horizon", None)


async def test_where_moving_is_refused_nothing_is_on_offer(
    api: Api, world: World, clock: TestClock
) -> None:
    await world.add_policy({"reschedule": {"closes": {"before_minutes": 1440}}})
    session_id = await world.book(START)
    assert slots(await api.availability(session_id, **day("2026-12-04")))
    clock.now = START - timedelta(hours=23)
    found = await api.availability(session_id, **day("2026-12-04"))
    assert empty(found) == ("reschedule_refused", None)
    found = await api.availability(session_id, format="phone", **day("2026-12-03", "2026-12-09"))
    assert slots(found) == ["2026-12-03T10:00:00-05:00"]  # changing the format is still possible
    assert found["empty_reason"] is None


async def test_a_cancelled_session_cannot_be_moved(api: Api, world: World) -> None:
    session_id = await world.book(START)
    await api.cancel(session_id)
    assert empty(await api.availability(session_id)) == ("reschedule_refused", None)


# Query parameters


async def test_a_range_has_62_days_at_most(api: Api, world: World) -> None:
    session_id = await world.book(START)
    found = await api.availability(session_id, **day("2026-12-01", "2027-01-31"))
    assert slots(found)
    answer = await api.get(
        f"/v1/sessions/{session_id}/availability", **day("2026-12-01", "2027-02-01")
    )
    assert_named(answer, "/to")


BAD_QUESTIONS: list[tuple[dict[str, Any], str]] = [
    (day("2026-12-04", "2026-12-03"), "/to"),
    ({"to": "2026-11-29"}, "/to"),
    ({"from": "2026-12-01", "to": "2199-12-31"}, "/to"),
    ({"from": "2026-02-30"}, "/from"),
    ({"from": "20261201"}, "/from"),
    ({"from": "2026-12-01T00:00:00Z"}, "/from"),
    ({"from": "0"}, "/from"),
    ({"from": ""}, "/from"),
    ({"from": "9999-12-31"}, "/from"),
    ({"to": "0001-01-01"}, "/to"),
    ({"to": "\u0662\u0660\u0662\u0666-01-01"}, "/to"),
    ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ({"format": "telepathy"}, "/format"),
    ({"day": "2026-12-01"}, "/day"),
]


async def test_a_bad_query_parameter_is_named(
    subtests: pytest.Subtests, api: Api, world: World
) -> None:
    session_id = await world.book(START)
    for query, pointer in BAD_QUESTIONS:
        with subtests.test(repr(query)[:80]):
            assert_named(await api.get(f"/v1/sessions/{session_id}/availability", **query), pointer)


async def test_the_inner_name_of_a_field_is_no_parameter(api: Api, world: World) -> None:
    session_id = await world.book(START)
    answer = await api.get(f"/v1/sessions/{session_id}/availability", first="2026-12-01")
    assert_named(answer, "/first")


async def test_a_format_that_the_service_lacks_is_named(api: Api, world: World) -> None:
    video_only = await world.add_service(name="Check-in", formats=("video",))
    session_id = await world.book(START, service_id=video_only, format=Format.VIDEO)
    answer = await api.get(f"/v1/sessions/{session_id}/availability", format="phone")
    assert_named(answer, "/format")


def assert_named(answer: Any, pointer: str) -> None:
    assert answer.status_code == 422, answer.text[:300]
    (error,) = answer.json()["errors"]
    assert (error["in"], error["pointer"]) == ("query", pointer)
