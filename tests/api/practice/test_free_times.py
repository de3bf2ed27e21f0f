"""Staff see the free times of a practitioner (product.md section 10, "Free times for staff")."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.identity.api_keys.keys import Scope
from app.tables.practices import Location, Practitioner, Service
from tests.groups import add_group
from tests.holds import put_hold
from tests.world import NOW, Api, TestClock, World, slots

PATH = "/v1/practice/availability"
START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
THURSDAY = {"from": "2026-12-03", "to": "2026-12-03"}
TODAY = {"from": "2026-11-30", "to": "2026-11-30"}


def asked(world: World, **query: str) -> dict[str, Any]:
    service = {"service": str(world.service_id), "practitioner": str(world.practitioner_id)}
    return service | {"format": "video"} | query


async def free(staff: Api, world: World, **query: str) -> Any:
    answer = await staff.get(PATH, **asked(world, **query))
    assert answer.status_code == 200, answer.text
    return answer.json()


def times(found: Any) -> list[str]:
    return [start[11:16] for start in slots(found)]


async def test_the_answer_is_complete(staff: Api, world: World) -> None:
    await world.book(START)
    found = await free(staff, world, **THURSDAY)
    (day,) = found.pop("days")
    assert found == {
        "service_id": str(world.service_id),
        "practitioner_id": str(world.practitioner_id),
        "format": "video",
        "time_zone": "America/New_York",
        "from": "2026-12-03",
        "to": "2026-12-03",
        "as": "client",
        "empty_reason": None,
        "next_available": None,
    }
    assert day["date"] == "2026-12-03"
    assert day["slots"][0] == {
        "start": "2026-12-03T09:00:00-05:00",
        "end": "2026-12-03T09:50:00-05:00",
        "location_id": None,
    }


@pytest.mark.parametrize("rules", ["client", "staff"])
async def test_sessions_buffers_and_groups_take_time(staff: Api, world: World, rules: str) -> None:
    """A session at 10:00 takes until 11:00 with its buffer, a group at 14:00 until 15:00."""
    await world.book(START)
    await add_group(world, datetime.fromisoformat("2026-12-03T14:00:00-05:00"))
    found = await free(staff, world, **THURSDAY, **{"as": rules})
    assert times(found) == [
        *("09:00", "11:00", "11:30", "12:00", "12:30", "13:00"),
        *("15:00", "15:30", "16:00"),
    ]
    assert found["as"] == rules


async def test_clients_need_notice_and_staff_do_not(
    staff: Api, world: World, clock: TestClock
) -> None:
    """It is 10:00; notice is one hour. What has begun is nobody's."""
    assert times(await free(staff, world, **TODAY))[0] == "11:00"
    assert times(await free(staff, world, **TODAY, **{"as": "staff"}))[0] == "10:00"
    clock.now += timedelta(seconds=1)
    assert times(await free(staff, world, **TODAY))[0] == "11:30"
    assert times(await free(staff, world, **TODAY, **{"as": "staff"}))[0] == "10:30"


async def test_clients_have_a_horizon_and_staff_have_not(staff: Api, world: World) -> None:
    later = {"from": "2027-09-01", "to": "2027-09-03"}
    found = await free(staff, world, **later)
    assert found["days"] == []
    assert found["empty_reason"]["code"] == "outside_horizon"
    assert len((await free(staff, world, **later, **{"as": "staff"}))["days"]) == 3


async def test_limits_bind_clients_only(staff: Api, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, sessions_per_day=1)
    await world.book(START)
    found = await free(staff, world, **THURSDAY)
    assert found["empty_reason"] == {
        "code": "fully_booked",
        "message": "Everything is taken on these days.",
    }
    assert found["next_available"] == "2026-12-04"
    assert times(await free(staff, world, **THURSDAY, **{"as": "staff"}))


@pytest.mark.parametrize("rules", ["client", "staff"])
async def test_what_is_held_is_not_free(staff: Api, world: World, rules: str) -> None:
    held = START + timedelta(hours=3)
    await put_hold(world, await world.book(START), held)
    found = await free(staff, world, **THURSDAY, **{"as": rules})
    assert "13:00" not in times(found)
    assert "12:00" in times(found)


@pytest.mark.parametrize("rules", ["client", "staff"])
async def test_what_is_listed_can_be_booked(staff: Api, world: World, rules: str) -> None:
    await world.book(START)
    found = await free(staff, world, **THURSDAY, **{"as": rules})
    other = await world.add_client(name="Ben")
    booking = {
        "client_id": str(other),
        "practitioner_id": str(world.practitioner_id),
        "service_id": str(world.service_id),
        "format": "video",
        "start": slots(found)[0],
    }
    assert (await staff.post("/v1/practice/sessions", booking)).status_code == 201
    assert slots(found)[0] not in slots(await free(staff, world, **THURSDAY, **{"as": rules}))


async def test_a_session_in_person_has_times_at_each_place(staff: Api, world: World) -> None:
    found = await free(staff, world, **THURSDAY, format="in_person")
    assert {slot["location_id"] for slot in found["days"][0]["slots"]} == {str(world.location_id)}
    await world.change(Location, world.location_id, active=False)
    answer = await staff.get(PATH, **asked(world, format="in_person"))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/format"


async def test_days_are_those_of_the_asked_zone(staff: Api, world: World) -> None:
    found = await free(staff, world, **THURSDAY, time_zone="Pacific/Auckland")
    assert found["time_zone"] == "Pacific/Auckland"
    assert slots(found)[0] == "2026-12-03T03:00:00+13:00"


async def test_the_default_is_a_month_of_the_practitioners_days(
    staff: Api, world: World, clock: TestClock
) -> None:
    clock.now = datetime.fromisoformat("2026-12-01T03:00:00+00:00")
    found = await free(staff, world)
    assert (found["from"], found["to"]) == ("2026-11-30", "2026-12-30")


async def test_a_format_is_needed_where_there_are_several(staff: Api, world: World) -> None:
    question = asked(world)
    del question["format"]
    answer = await staff.get(PATH, **question)
    assert answer.status_code == 422
    assert answer.json()["errors"] == [
        {"pointer": "/format", "in": "query", "detail": "needed: the service has several formats"}
    ]
    one = await world.add_service(formats=("phone",))
    assert (await staff.get(PATH, **question | {"service": str(one)})).json()["format"] == "phone"


async def test_who_is_inactive_has_no_times(staff: Api, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, active=False)
    found = await free(staff, world, **THURSDAY, **{"as": "staff"})
    assert found["empty_reason"]["code"] == "no_working_hours"
    assert found["next_available"] is None
    await world.change(Service, world.service_id, active=False)
    answer = await staff.get(PATH, **asked(world))
    assert answer.json()["errors"][0]["pointer"] == "/service"


async def test_the_past_has_no_times(staff: Api, world: World) -> None:
    past = {"from": "2026-11-02", "to": "2026-11-06"}
    for rules in ("client", "staff"):
        found = await free(staff, world, **past, **{"as": rules})
        assert found["empty_reason"]["code"] == "outside_horizon"
        assert found["next_available"] == "2026-11-30"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"service": str(uuid4())}, "/service"),
        ({"practitioner": str(uuid4())}, "/practitioner"),
        ({"from": "2026-12-02", "to": "2026-12-01"}, "/to"),
        ({"from": "2026-12-01", "to": "2027-02-01"}, "/to"),
        ({"as": "owner"}, "/as"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ],
)
async def test_a_wrong_question_names_its_field(
    staff: Api, world: World, query: dict[str, str], pointer: str
) -> None:
    answer = await staff.get(PATH, **asked(world, **query))
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_key_with_read_sees_its_own_practice_only(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    reader = api.signed_in(await world.key(Scope.READ))
    assert (await reader.get(PATH, **asked(world))).status_code == 200
    theirs = await World(engine, world.settings).build()
    for other in (
        {"service": str(theirs.service_id)},
        {"practitioner": str(theirs.practitioner_id)},
    ):
        assert (await reader.get(PATH, **asked(world, **other))).status_code == 422
