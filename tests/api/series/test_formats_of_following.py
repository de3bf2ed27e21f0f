"""A change of format of several sessions: what the preview says of it, and what it costs."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import delete

from app.tables.practices import ServiceFormat, WorkingHours
from app.tables.sessions import Session
from tests.api.series.conftest import Booked
from tests.series import preview
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
HOUR = timedelta(hours=1)
SCOPE: dict[str, Any] = {"scope": "this_and_following"}
FEE_OF_MOVES: dict[str, Any] = {
    "reschedule": {"fees": [{"deadline": {"before_minutes": 200_000}, "percent": "50"}]}
}
FEE_OF_FORMATS: dict[str, Any] = {
    "change_format": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 900}]}
}


async def withdraw(world: World, kind: str) -> None:
    of_practice = ServiceFormat.practice_id == world.practice_id
    async with world.engine.begin() as db:
        await db.execute(delete(ServiceFormat).where(of_practice, ServiceFormat.format == kind))


def at(ids: list[str], index: int, by: timedelta, **values: Any) -> dict[str, Any]:
    start = START + index * WEEK + by
    return {"session_id": ids[index], "start": start.isoformat()} | values


async def test_the_preview_judges_the_wanted_format(
    api: Api, world: World, book_series: Booked
) -> None:
    async with world.engine.begin() as db:
        own = WorkingHours.practice_id == world.practice_id
        await db.execute(delete(WorkingHours).where(own))
    await world.add_hours(world.practitioner_id, 4, 9 * 60, 12 * 60, format="video")
    await world.add_hours(world.practitioner_id, 4, 13 * 60, 17 * 60, format="phone")
    ids = await book_series(START, 2)
    asked = {"action": "reschedule", "start": (START + 5 * HOUR).isoformat()}
    shown = await preview(api, ids[0], **asked)
    assert [one["session_id"] for one in shown["conflicts"]] == ids
    for scope in ("this", "this_and_following"):
        shown = await preview(api, ids[0], **asked, format="phone", scope=scope)
        assert shown["conflicts"] == []
    moved = await api.reschedule(UUID(ids[0]), START + 5 * HOUR, format="phone", **SCOPE)
    assert moved.status_code == 200, moved.text


@pytest.mark.parametrize("scope", ["this", "this_and_following"])
async def test_a_withdrawn_format_does_not_prevent_the_preview(
    api: Api, world: World, book_series: Booked, scope: str
) -> None:
    ids = await book_series(START, 2)
    await withdraw(world, "video")
    asked = {"action": "reschedule", "start": (START + HOUR).isoformat(), "scope": scope}
    assert (await preview(api, ids[0], **asked))["allowed"]
    assert (await preview(api, ids[0], **asked, format="phone"))["conflicts"] == []


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        pytest.param({"format": "video"}, "format", id="format"),
        pytest.param({"location_id": str(UUID(int=7))}, "location_id", id="location"),
        pytest.param(
            {"format": "in_person", "location_id": str(UUID(int=7))}, "location_id", id="both"
        ),
    ],
)
async def test_a_format_that_is_not_offered_is_named_in_the_query(
    api: Api, world: World, book_series: Booked, wanted: dict[str, str], field: str
) -> None:
    ids = await book_series(START, 2, format="phone")
    await withdraw(world, "video")
    asked: dict[str, Any] = {"action": "reschedule", "start": (START + HOUR).isoformat()}
    refused = await api.get(f"/v1/sessions/{ids[0]}/scope", **asked | wanted)
    assert refused.status_code == 422, refused.text
    (error,) = refused.json()["errors"]
    assert (error["pointer"], error["in"]) == (f"/{field}", "query")


async def test_a_preview_of_another_format_at_the_same_start_is_of_a_change_of_format(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES | FEE_OF_FORMATS)
    ids = await book_series(START, 2)
    asked = {"action": "reschedule", "start": START.isoformat()}
    shown = await preview(api, ids[0], **asked, format="phone")
    assert (shown["action"], shown["fee"]["amount_minor"]) == ("change_format", 1800)
    done = await api.reschedule(UUID(ids[0]), START, format="phone", quote=shown["quote"], **SCOPE)
    assert done.status_code == 200, done.text
    assert done.json()["fee"]["amount_minor"] == 1800


async def test_what_only_changes_its_format_beside_a_move_is_in_no_sum(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 3)
    body: dict[str, Any] = {"format": "phone", "overrides": [at(ids, 1, HOUR)], **SCOPE}
    refused = await api.reschedule(UUID(ids[0]), START, **body)
    assert refused.json()["code"] == "quote-required", refused.text
    shown = refused.json()["preview"]
    assert shown["fee"]["amount_minor"] == 6000
    fees = [one["decision"]["fee"] for one in shown["sessions"]]
    assert [fee is None for fee in fees] == [True, False, True]
    done = await api.reschedule(UUID(ids[0]), START, quote=shown["quote"], **body)
    assert done.status_code == 200, done.text
    assert done.json()["fee"]["amount_minor"] == 6000


async def test_the_free_change_goes_to_a_session_that_moves(
    api: Api, world: World, book_series: Booked
) -> None:
    """Also where another one, which only changes its format, is dearer."""
    allowance = {"free": 1, "per": "calendar_year", "for": ["reschedule"]}
    await world.add_policy(FEE_OF_MOVES | {"allowance": allowance})
    ids = await book_series(START, 2)
    await world.change(Session, UUID(ids[1]), price_minor=20_000)
    body: dict[str, Any] = {"overrides": [at(ids, 1, 0 * HOUR, format="phone")], **SCOPE}
    shown = (await api.reschedule(UUID(ids[0]), START + HOUR, **body)).json()["preview"]
    assert shown["fee"] is None
    moved = await api.reschedule(UUID(ids[0]), START + HOUR, quote=shown["quote"], **body)
    assert moved.status_code == 200, moved.text
    assert moved.json()["fee"] is None


async def test_a_quote_for_a_change_of_format_makes_no_move_free(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    overrides = [at(ids, 1, 0 * HOUR, format="phone")]
    first = await api.reschedule(UUID(ids[0]), START + HOUR, overrides=overrides, **SCOPE)
    quote = first.json()["preview"]["quote"]
    refused = await api.reschedule(UUID(ids[0]), START + HOUR, quote=quote, **SCOPE)
    assert refused.json()["code"] == "quote-stale", refused.text
    assert refused.json()["preview"]["fee"]["amount_minor"] == 12_000


async def test_a_limit_of_moves_does_not_bind_what_only_changes_its_format(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy({"reschedule": {"limit": 1}})
    ids = await book_series(START, 2)
    alone = await api.reschedule(UUID(ids[1]), START + WEEK + HOUR)
    assert alone.status_code == 200, alone.text
    overrides = [at(ids, 1, HOUR, format="phone")]
    moved = await api.reschedule(
        UUID(ids[0]), START + HOUR, overrides=overrides, include_moved=True, **SCOPE
    )
    assert moved.status_code == 200, moved.text
    assert [one["touched"] for one in moved.json()["sessions"]] == [True, True]


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        pytest.param({"format": "phone"}, "format", id="format"),
        pytest.param({"location_id": str(UUID(int=7))}, "location_id", id="location"),
    ],
)
async def test_the_format_of_an_override_is_named(
    api: Api, staff: Api, world: World, book_series: Booked, wanted: dict[str, str], field: str
) -> None:
    ids = await book_series(START, 3)
    await withdraw(world, "phone")
    body = SCOPE | {"overrides": [at(ids, 2, HOUR), at(ids, 1, HOUR, **wanted)]}
    for refused in (
        await api.reschedule(UUID(ids[0]), START + HOUR, **body),
        await staff.reschedule_by_staff(ids[0], START + HOUR, **body),
    ):
        assert refused.status_code == 422, refused.text
        (error,) = refused.json()["errors"]
        assert (error["pointer"], error["in"]) == (f"/overrides/1/{field}", "body")


async def test_a_format_of_an_override_that_costs_is_named(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_FORMATS)
    ids = await book_series(START, 2)
    overrides = [at(ids, 1, HOUR, format="phone")]
    refused = await api.reschedule(UUID(ids[0]), START + HOUR, overrides=overrides, **SCOPE)
    assert refused.status_code == 422, refused.text
    assert refused.json()["errors"][0]["pointer"] == "/overrides/0/format"


async def test_a_finished_session_leads_no_others_from_its_own_time(
    api: Api, staff: Api, book_series: Booked
) -> None:
    ids = await book_series(START, 2)
    done = await staff.post(f"/v1/practice/sessions/{ids[0]}/fulfilled", {})
    assert done.status_code == 200, done.text
    refused = await api.reschedule(UUID(ids[0]), START, overrides=[at(ids, 1, HOUR)], **SCOPE)
    assert (refused.json()["code"], refused.json()["session_id"]) == ("scope-refused", ids[0])
    assert refused.json()["refusal"] == "session-not-booked"
