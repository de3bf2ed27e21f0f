"""Dates on which the whole practice is closed."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.identity.api_keys.keys import Scope
from app.schedule.holidays.schemas import MAX_HOLIDAYS
from app.tables.changes import Change
from app.tables.practices import Holiday
from app.tables.sessions import Session
from tests.world import NOW, Api, TestClock, World, slots

START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
DAY = timedelta(days=1)
THURSDAY, FRIDAY, MONDAY = "2026-12-03", "2026-12-04", "2026-12-07"
HOLIDAYS = "/v1/practice/holidays"
SESSIONS = "/v1/practice/sessions"
NONE = {"count": 0, "items": [], "groups": []}


async def close(staff: Api, *dates: str, name: str | None = None, **headers: str) -> Response:
    body = {"dates": [{"date": date, "name": name} for date in dates]}
    return await staff.put(HOLIDAYS, body, headers or None)


async def override(staff: Api, practitioner_id: UUID, day: str, *intervals: str) -> None:
    body = {"intervals": [{"start": interval[:5], "end": interval[6:]} for interval in intervals]}
    path = f"/v1/practice/practitioners/{practitioner_id}/hours-overrides/{day}"
    assert (await staff.put(path, body)).status_code == 200


async def offered(api: Api, session_id: UUID, day: str, **query: Any) -> tuple[list[str], Any]:
    found = await api.availability(session_id, **{"from": day, "to": day} | query)
    return [start[11:16] for start in slots(found)], found["empty_reason"]


def booking(world: World, day: str, **values: Any) -> dict[str, Any]:
    return {
        "client_id": str(world.client_id),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "start": f"{day}T11:00:00-05:00",
        "format": "video",
    } | values


async def test_holidays_are_written_whole_and_shown_by_date(staff: Api) -> None:
    assert (await staff.get(HOLIDAYS)).json() == {"dates": [], "closed_weekdays": []}
    body = {"dates": [{"date": MONDAY}, {"date": THURSDAY, "name": " Founders' day "}]}
    shown = [{"date": THURSDAY, "name": "Founders' day"}, {"date": MONDAY, "name": None}]
    answer = await staff.put(HOLIDAYS, body)
    closed = {"dates": shown, "closed_weekdays": []}
    assert (answer.status_code, answer.json()) == (200, closed | {"misfits": NONE})
    assert (await staff.get(HOLIDAYS)).json() == closed
    assert (await close(staff, FRIDAY)).json()["dates"] == [{"date": FRIDAY, "name": None}]
    assert (await close(staff)).json()["dates"] == []


async def test_on_a_holiday_nobody_is_offered_or_booked(staff: Api, api: Api, world: World) -> None:
    lee = await world.add_practitioner(name="Dr. Lee")
    await close(staff, FRIDAY)
    for practitioner_id, start in ((world.practitioner_id, START), (lee, START + 4 * DAY)):
        session_id = await world.book(start, practitioner_id=practitioner_id)
        found, reason = await offered(api, session_id, FRIDAY)
        assert (found, reason["code"]) == ([], "no_working_hours")
        assert (await api.reschedule(session_id, START + DAY)).status_code == 409
        body = booking(world, FRIDAY, practitioner_id=str(practitioner_id))
        assert (await staff.post(SESSIONS, body)).json()["code"] == "slot-unavailable"
    await close(staff)
    assert (await offered(api, session_id, FRIDAY))[0]


async def test_the_next_day_with_a_slot_is_no_holiday(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START)
    await close(staff, FRIDAY, MONDAY)
    found = await api.availability(session_id, **{"from": FRIDAY, "to": FRIDAY})
    assert found["next_available"] == "2026-12-08"
    refused = await api.reschedule(session_id, START + DAY)
    days = {slot["start"][:10] for slot in refused.json()["alternatives"]}
    assert days == {THURSDAY}


async def test_force_lifts_a_holiday_as_it_lifts_hours(staff: Api, world: World) -> None:
    await close(staff, FRIDAY, MONDAY)
    booked = await staff.post(SESSIONS, booking(world, FRIDAY, force=True))
    assert booked.status_code == 201
    session_id = booked.json()["session"]["id"]
    to_monday = datetime.fromisoformat(f"{MONDAY}T11:00:00-05:00")
    refused = await staff.reschedule_by_staff(session_id, to_monday)
    assert refused.json()["code"] == "slot-unavailable"
    moved = await staff.reschedule_by_staff(session_id, to_monday, force=True)
    assert moved.status_code == 200


@pytest.mark.parametrize("override_first", [True, False])
async def test_a_practitioners_own_hours_for_the_date_take_precedence(
    staff: Api,
    api: Api,
    world: World,
    override_first: bool,  # noqa: FBT001
) -> None:
    session_id = await world.book(START)
    if override_first:
        await override(staff, world.practitioner_id, FRIDAY, "10:00-11:00")
    await close(staff, FRIDAY)
    if not override_first:
        await override(staff, world.practitioner_id, FRIDAY, "10:00-11:00")
    assert (await offered(api, session_id, FRIDAY))[0] == ["10:00"]
    path = f"/v1/practice/practitioners/{world.practitioner_id}/hours-overrides/{FRIDAY}"
    assert (await staff.delete(path)).status_code == 204
    assert (await offered(api, session_id, FRIDAY))[0] == []


async def test_an_override_without_hours_stays_closed(staff: Api, api: Api, world: World) -> None:
    session_id = await world.book(START)
    await override(staff, world.practitioner_id, FRIDAY)
    await close(staff, FRIDAY)
    assert (await offered(api, session_id, FRIDAY))[0] == []
    await close(staff)
    assert (await offered(api, session_id, FRIDAY))[0] == []


async def test_a_holiday_is_a_local_date_of_each_practitioner(
    staff: Api, api: Api, world: World
) -> None:
    """Friday in Auckland begins on Thursday at 6:00 in New York."""
    auckland = await world.add_practitioner(time_zone="Pacific/Auckland")
    in_new_york = await world.book(START)
    in_auckland = await world.book(START + 5 * DAY, practitioner_id=auckland)
    await close(staff, FRIDAY)
    assert (await offered(api, in_new_york, THURSDAY))[0]
    assert (await offered(api, in_new_york, FRIDAY))[0] == []
    assert (await offered(api, in_auckland, THURSDAY))[0] == []
    found, _ = await offered(api, in_auckland, FRIDAY, time_zone="Pacific/Auckland")
    assert found == []
    found, _ = await offered(api, in_auckland, THURSDAY, time_zone="Pacific/Auckland")
    assert found


async def test_the_response_reports_misfits_of_every_practitioner(
    staff: Api, world: World, clock: TestClock
) -> None:
    lee = await world.add_practitioner(name="Dr. Lee")
    await override(staff, lee, MONDAY, "09:00-17:00")
    past = await world.book(START)
    fits = await world.book(START + 4 * DAY, practitioner_id=lee)
    later = await world.book(START + 4 * DAY + timedelta(hours=2))
    sooner = await world.book(START + DAY, practitioner_id=lee)
    clock.now = START + timedelta(hours=1)
    before = await world.rows(Session)
    answer = await close(staff, THURSDAY, FRIDAY, MONDAY)
    report = answer.json()["misfits"]
    assert report["count"] == 2
    assert [(item["id"], item["practitioner_id"], item["reasons"]) for item in report["items"]] == [
        (str(sooner), str(lee), ["outside_hours"]),
        (str(later), str(world.practitioner_id), ["outside_hours"]),
    ]
    assert not {str(past), str(fits)} & {item["id"] for item in report["items"]}
    assert await world.rows(Session) == before
    own = await staff.get(f"/v1/practice/practitioners/{lee}/misfits")
    assert [item["id"] for item in own.json()["items"]] == [str(sooner)]
    assert (await close(staff)).json()["misfits"] == NONE


async def test_the_same_holidays_again_change_nothing(staff: Api, world: World) -> None:
    await close(staff, FRIDAY, MONDAY)
    rows = await world.rows(Holiday)
    await close(staff, MONDAY, FRIDAY)
    assert await world.rows(Holiday) == rows
    (entry,) = await world.rows(Change, subject="holidays")
    assert (entry.kind, entry.subject_id) == ("updated", world.practice_id)
    assert (entry.actor_name, entry.at) == ("Front desk", NOW)
    assert entry.details == {
        "dates": 2,
        "before": 0,
        "closed_weekdays": [],
        "closed_weekdays_before": [],
    }
    await close(staff, FRIDAY, name="Founders' day")
    trail = await staff.get("/v1/practice/changes", subject="holidays")
    assert len(trail.json()["items"]) == 2
    assert "Founders" not in trail.text


async def test_a_key_replays_the_response(staff: Api, world: World) -> None:
    first = await close(staff, FRIDAY, **{"Idempotency-Key": "closing"})
    await close(staff)
    again = await close(staff, FRIDAY, **{"Idempotency-Key": "closing"})
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == first.json()
    assert await world.rows(Holiday) == []
    other = await close(staff, MONDAY, **{"Idempotency-Key": "closing"})
    assert other.json()["code"] == "idempotency-key-reused"


@pytest.mark.parametrize(
    ("dates", "pointer"),
    [
        ([{"date": "2026-13-01"}], "/dates/0/date"),
        ([{"date": "1900-01-01"}], "/dates/0/date"),
        ([{"date": FRIDAY}, {"date": 20261203}], "/dates/1/date"),
        ([{"date": FRIDAY}, {"date": MONDAY}, {"date": FRIDAY}], "/dates/2/date"),
        ([{"date": FRIDAY, "name": ""}], "/dates/0/name"),
        ([{"date": FRIDAY, "name": "x" * 101}], "/dates/0/name"),
        ([{"date": FRIDAY, "name": "a\x00b"}], "/dates/0/name"),
        ([{"name": "Christmas"}], "/dates/0/date"),
        ([{"date": FRIDAY, "closed": True}], "/dates/0/closed"),
        ([{"date": FRIDAY}] * (MAX_HOLIDAYS + 1), "/dates"),
        (None, "/dates"),
    ],
)
async def test_a_bad_date_is_named_and_changes_nothing(
    staff: Api, world: World, dates: Any, pointer: str
) -> None:
    await close(staff, MONDAY)
    answer = await staff.put(HOLIDAYS, {"dates": dates})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert [row.date.isoformat() for row in await world.rows(Holiday)] == [MONDAY]


async def test_the_bound_of_holidays_is_accepted(staff: Api) -> None:
    first = START.date()
    dates = [(first + n * DAY).isoformat() for n in range(MAX_HOLIDAYS)]
    assert len((await close(staff, *dates)).json()["dates"]) == MAX_HOLIDAYS


async def test_holidays_apply_to_their_practice_only(staff: Api, api: Api, world: World) -> None:
    twin = await World(world.engine, world.settings).build()
    theirs = api.signed_in(await twin.key())
    await close(theirs, FRIDAY)
    session_id = await world.book(START)
    assert (await offered(api, session_id, FRIDAY))[0]
    assert (await staff.get(HOLIDAYS)).json()["dates"] == []
    await close(staff, MONDAY)
    assert [row.date.isoformat() for row in await twin.rows(Holiday)] == [FRIDAY]


async def test_a_read_key_changes_nothing(staff: Api, api: Api, world: World) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert (await reader.get(HOLIDAYS)).status_code == 200
    assert (await close(reader, FRIDAY)).json()["code"] == "forbidden"
    assert (await close(api, FRIDAY)).status_code == 401
    assert (await staff.get(HOLIDAYS)).json()["dates"] == []
