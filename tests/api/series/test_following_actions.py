"""How the policy judges the sessions that follow: as moved, or as changed in their format."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.sessions import Fee, Session
from tests.api.series.conftest import Booked
from tests.world import NOW, Api, World

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
DAY = timedelta(days=1)
SCOPE = "this_and_following"
NO_MOVES = {"reschedule": {"enabled": False}}
NO_FORMATS = {"change_format": {"enabled": False}}
FEE_OF_MOVES = {
    "reschedule": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]}
}
FEE_OF_FORMATS = {
    "change_format": {"fees": [{"deadline": {"before_minutes": 30_000}, "amount_minor": 900}]}
}


def override(session_id: str, number: int, **values: Any) -> dict[str, Any]:
    start = START + number * WEEK + values.pop("by", timedelta())
    return {"session_id": session_id, "start": start.isoformat()} | values


async def starts_and_formats(world: World) -> list[tuple[Any, ...]]:
    return sorted((row.id, row.starts_at, row.format) for row in await world.rows(Session))


async def test_a_change_of_format_of_the_named_session_moves_no_other_past_the_policy(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(NO_MOVES)
    ids = await book_series(START)
    before = await starts_and_formats(world)
    overrides = [override(ids[1], 1, by=DAY)]
    refused = await api.reschedule(
        UUID(ids[0]), START, format="phone", scope=SCOPE, overrides=overrides
    )
    assert refused.json()["code"] == "scope-refused", refused.text
    assert refused.json()["refusal"] == "action-disabled"
    assert await starts_and_formats(world) == before


async def test_a_session_that_stays_leads_no_others_past_the_fee_of_a_move(
    api: Api, world: World, book_series: Booked
) -> None:
    ids = await book_series(START)
    assert (await api.reschedule(UUID(ids[0]), START + DAY)).status_code == 200
    await world.add_policy(FEE_OF_MOVES)
    later = await book_series(START + timedelta(hours=2))
    assert (await api.reschedule(UUID(later[0]), START + DAY)).json()["code"] == "quote-required"
    quote = (await api.session(UUID(later[0])))["actions"]["reschedule"]["quote"]
    target = START + DAY + timedelta(hours=2)
    assert (await api.reschedule(UUID(later[0]), target, quote=quote)).status_code == 200
    before = await starts_and_formats(world)
    refused = await api.reschedule(UUID(later[0]), target, scope=SCOPE)
    assert refused.json()["code"] == "quote-required", refused.text
    assert await starts_and_formats(world) == before


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        pytest.param(NO_FORMATS, "scope-refused", id="disabled"),
        pytest.param(FEE_OF_FORMATS, "validation-failed", id="fee"),
    ],
)
async def test_a_move_changes_no_format_past_the_policy(
    api: Api, world: World, book_series: Booked, policy: dict[str, Any], code: str
) -> None:
    await world.add_policy(policy)
    ids = await book_series(START)
    before = await starts_and_formats(world)
    overrides = [override(ids[1], 1, format="phone")]
    refused = await api.reschedule(UUID(ids[0]), START + DAY, scope=SCOPE, overrides=overrides)
    assert refused.json()["code"] == code, refused.text
    assert await starts_and_formats(world) == before


async def test_a_session_that_keeps_its_start_pays_no_fee_of_a_move(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    path = f"/v1/sessions/{ids[0]}/scope"
    quote = (await api.get(path, action="reschedule")).json()["quote"]
    overrides = [override(ids[1], 1, format="phone")]
    moved = await api.reschedule(
        UUID(ids[0]), START + DAY, scope=SCOPE, overrides=overrides, quote=quote
    )
    assert moved.status_code == 200, moved.text
    assert [one["touched"] for one in moved.json()["sessions"]] == [True, True]
    (fee,) = await world.rows(Fee)
    assert str(fee.session_id) == ids[0]


async def test_staff_charge_each_session_for_what_happens_to_it(
    staff: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(FEE_OF_MOVES)
    ids = await book_series(START, 2)
    moved = await staff.reschedule_by_staff(
        ids[0],
        START,
        format="phone",
        charge_fee=True,
        scope=SCOPE,
        overrides=[override(ids[1], 1, by=DAY)],
    )
    assert moved.status_code == 200, moved.text
    assert [one["fee"] is None for one in moved.json()["sessions"]] == [True, False]
