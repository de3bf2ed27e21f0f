"""Several sessions of one command share what is left of their client's allowance."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import Session
from tests.api.series.conftest import Booked
from tests.replays import replay_practice
from tests.series import preview
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
WEEK = timedelta(weeks=1)
LATE = {"deadline": {"before_minutes": 200_000}, "percent": "50"}
SCOPE: dict[str, Any] = {"scope": "this_and_following"}
TWO_FREE: dict[str, Any] = {
    "cancel": {"fees": [LATE]},
    "allowance": {"free": 2, "per": "calendar_year", "for": ["cancel", "reschedule"]},
}


@pytest.fixture
async def ids(world: World, book_series: Booked) -> list[str]:
    """Four sessions that each cost something to cancel, the third of them the most."""
    await world.add_policy(TWO_FREE)
    booked = await book_series(START)
    await world.change(Session, UUID(booked[2]), price_minor=20_000)
    return booked


async def used(world: World) -> set[str]:
    rows = await world.rows(AllowanceUse)
    return {str(row.session_id) for row in rows if row.given_back_at is None}


def amounts(shown: Any) -> list[int | None]:
    fees = [one["decision"]["fee"] for one in shown["sessions"]]
    return [fee and fee["amount_minor"] for fee in fees]


async def test_the_dearest_get_what_is_left_and_one_quote_has_a_line_for_each(
    api: Api, world: World, ids: list[str], engine: AsyncEngine
) -> None:
    shown = await preview(api, ids[0], **SCOPE)
    assert amounts(shown) == [None, 6000, None, 6000]
    assert shown["fee"]["amount_minor"] == 12_000
    said = [one["decision"]["allowance"] for one in shown["sessions"]]
    assert [one["would_use"] for one in said] == [True, False, True, False]
    assert [one["left"] for one in said] == [1, 0, 2, 0]
    answer = await api.cancel(UUID(ids[0]), quote=shown["quote"], **SCOPE)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"]["amount_minor"] == 12_000
    assert await used(world) == {ids[0], ids[2]}
    assert (await replay_practice(engine, world.practice_id)).wrong == []


async def test_who_pays_for_all_keeps_all(api: Api, world: World, ids: list[str]) -> None:
    shown = await preview(api, ids[0], **SCOPE)
    body = {"quote": shown["quote"], "use_allowance": False}
    answer = await api.cancel(UUID(ids[0]), **body, **SCOPE)
    assert answer.json()["fee"]["amount_minor"] == 28_000
    assert await used(world) == set()


async def test_using_needs_the_quote_although_nothing_is_due(
    api: Api, world: World, ids: list[str]
) -> None:
    refused = await api.cancel(UUID(ids[2]), **SCOPE)
    assert (refused.status_code, refused.json()["code"]) == (409, "quote-required")
    shown = refused.json()["preview"]
    assert shown["fee"] is None
    answer = await api.cancel(UUID(ids[2]), quote=shown["quote"], **SCOPE)
    assert (answer.status_code, answer.json()["fee"]) == (200, None)
    assert await used(world) == {ids[2], ids[3]}


async def test_more_was_shown_than_is_left(api: Api, world: World, ids: list[str]) -> None:
    shown = await preview(api, ids[0], **SCOPE)
    other = await world.book(START + timedelta(days=1))
    quote = (await api.session(other))["actions"]["cancel"]["quote"]
    assert (await api.cancel(other, quote=quote)).status_code == 200
    refused = await api.cancel(UUID(ids[0]), quote=shown["quote"], **SCOPE)
    assert (refused.status_code, refused.json()["code"]) == (409, "quote-stale")
    now = refused.json()["preview"]
    assert amounts(now) == [6000, 6000, None, 6000]
    assert await used(world) == {str(other)}
    answer = await api.cancel(UUID(ids[0]), quote=now["quote"], **SCOPE)
    assert (answer.status_code, answer.json()["fee"]["amount_minor"]) == (200, 18_000)


async def test_a_late_move_of_all_uses_what_is_left_and_the_others_carry(
    api: Api, world: World, ids: list[str]
) -> None:
    await world.change_all(Session, booked_starts_at=START)
    start = (START + timedelta(days=1)).isoformat()
    shown = await preview(api, ids[0], action="reschedule", start=start, **SCOPE)
    assert amounts(shown) == [None, 6000, None, 6000]
    body = {"start": start, "format": "video", "quote": shown["quote"], **SCOPE}
    path, reason = f"/v1/sessions/{ids[0]}/reschedule", {"reason": {"note": "Work."}}
    answer = await api.post(path, body | reason)
    assert answer.status_code == 200, answer.text
    assert answer.json()["fee"]["amount_minor"] == 12_000
    assert await used(world) == {ids[0], ids[2]}


async def test_an_undo_of_one_gives_its_own_back(api: Api, world: World, ids: list[str]) -> None:
    shown = await preview(api, ids[2], **SCOPE)
    await api.cancel(UUID(ids[2]), quote=shown["quote"], **SCOPE)
    answer = await api.post(f"/v1/sessions/{ids[3]}/undo", {})
    assert answer.status_code == 200, answer.text
    assert await used(world) == {ids[2]}
