"""Weekdays on which the whole practice is closed, as on its holidays."""

from datetime import timedelta
from typing import Any

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.practices import Practice
from app.tables.sessions import Session
from tests.api.practice.test_holidays import (
    FRIDAY,
    HOLIDAYS,
    MONDAY,
    NONE,
    SESSIONS,
    THURSDAY,
    booking,
    offered,
    override,
)
from tests.world import NOW, Api, World, slots

START = NOW + timedelta(days=3)  # Thursday 3 December, 10:00 in New York
DAY = timedelta(days=1)
WEEKEND = [6, 7]


async def close(staff: Api, *weekdays: int, dates: Any = ()) -> Response:
    return await staff.put(HOLIDAYS, {"dates": list(dates), "closed_weekdays": list(weekdays)})


async def closed(staff: Api) -> Any:
    return (await staff.get(HOLIDAYS)).json()["closed_weekdays"]


async def test_closed_weekdays_are_written_whole_in_any_order(staff: Api, world: World) -> None:
    answer = await close(staff, 7, 3, 6)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"dates": [], "closed_weekdays": [3, 6, 7], "misfits": NONE}
    assert await closed(staff) == [3, 6, 7]
    (entry,) = await world.rows(Change, subject="holidays")
    assert entry.details == {
        "dates": 0,
        "before": 0,
        "closed_weekdays": [3, 6, 7],
        "closed_weekdays_before": [],
    }
    await close(staff, 3, 6, 7)
    assert len(await world.rows(Change, subject="holidays")) == 1
    assert (await close(staff)).json()["closed_weekdays"] == []


@pytest.mark.parametrize("body", [{}, {"closed_weekdays": None}])
async def test_software_that_does_not_know_them_leaves_them_as_they_are(
    staff: Api, body: dict[str, Any]
) -> None:
    await close(staff, *WEEKEND)
    answer = await staff.put(HOLIDAYS, {"dates": [{"date": FRIDAY}]} | body)
    assert answer.json()["closed_weekdays"] == WEEKEND
    assert await closed(staff) == WEEKEND


@pytest.mark.parametrize(
    ("weekdays", "pointer"),
    [
        ([0], "/closed_weekdays/0"),
        ([6, 8], "/closed_weekdays/1"),
        (["6"], "/closed_weekdays/0"),
        ([True], "/closed_weekdays/0"),
        ([6.0], "/closed_weekdays/0"),
        ([6, 7, 6], "/closed_weekdays/2"),
        ([1, 2, 3, 4, 5, 6, 7], "/closed_weekdays"),
        (6, "/closed_weekdays"),
    ],
)
async def test_a_bad_weekday_is_named_and_changes_nothing(
    staff: Api, weekdays: Any, pointer: str
) -> None:
    await close(staff, *WEEKEND)
    answer = await staff.put(HOLIDAYS, {"dates": [], "closed_weekdays": weekdays})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert await closed(staff) == WEEKEND


async def test_on_a_closed_weekday_nobody_is_offered_or_booked(
    staff: Api, api: Api, world: World
) -> None:
    """The practitioner's weekly hours have that day. The cache of hours hides no change."""
    session_id = await world.book(START)
    assert (await offered(api, session_id, FRIDAY))[0]
    await close(staff, 5)
    found, reason = await offered(api, session_id, FRIDAY)
    assert (found, reason["code"]) == ([], "no_working_hours")
    assert (await api.reschedule(session_id, START + DAY)).json()["code"] == "slot-unavailable"
    refused = await staff.post(SESSIONS, booking(world, FRIDAY))
    assert refused.json()["code"] == "slot-unavailable"
    assert (await staff.post(SESSIONS, booking(world, FRIDAY, force=True))).status_code == 201
    week = await api.availability(session_id, **{"from": THURSDAY, "to": "2026-12-18"})
    assert {start[:10] for start in slots(week)}.isdisjoint({FRIDAY, "2026-12-11", "2026-12-18"})
    await close(staff)
    assert (await offered(api, session_id, FRIDAY))[0]


@pytest.mark.parametrize("override_first", [True, False])
async def test_a_practitioners_own_hours_for_the_date_open_it(
    staff: Api,
    api: Api,
    world: World,
    override_first: bool,  # noqa: FBT001
) -> None:
    session_id = await world.book(START)
    if override_first:
        await override(staff, world.practitioner_id, FRIDAY, "10:00-11:00")
    await close(staff, 5)
    if not override_first:
        await override(staff, world.practitioner_id, FRIDAY, "10:00-11:00")
    assert (await offered(api, session_id, FRIDAY))[0] == ["10:00"]
    assert (await offered(api, session_id, "2026-12-11"))[0] == []


async def test_booked_sessions_stay_and_are_misfits(staff: Api, world: World) -> None:
    lee = await world.add_practitioner(name="Dr. Lee")
    await override(staff, lee, MONDAY, "09:00-17:00")
    kept = await world.book(START)
    first = await world.book(START + 4 * DAY)
    await world.book(START + 4 * DAY + timedelta(hours=2), practitioner_id=lee)
    before = await world.rows(Session)
    misfits = (await close(staff, 1)).json()["misfits"]
    assert [item["id"] for item in misfits["items"]] == [str(first)]
    assert misfits["items"][0]["reasons"] == ["outside_hours"]
    assert str(kept) not in str(misfits)
    assert await world.rows(Session) == before
    own = await staff.get(f"/v1/practice/practitioners/{world.practitioner_id}/misfits")
    assert [item["id"] for item in own.json()["items"]] == [str(first)]
    assert (await close(staff)).json()["misfits"] == NONE


async def test_they_apply_to_their_practice_only(staff: Api, api: Api, world: World) -> None:
    twin = await World(world.engine, world.settings).build()
    await close(api.signed_in(await twin.key()), 5)
    session_id = await world.book(START)
    assert (await offered(api, session_id, FRIDAY))[0]
    assert await closed(staff) == []
    (own,) = await world.rows(Practice)
    assert own.closed_weekdays == []
