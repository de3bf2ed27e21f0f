"""A client chooses one of the practice's own reasons, and sees what it changes."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from app.tables.sessions import Fee
from app.tables.waivers import Waiver
from tests.portal.visitor import Visitor
from tests.series import book_series
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
RULES: dict[str, Any] = {
    "cancel": {"fees": [LATE]},
    "reasons": [
        {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"},
        {"code": "funeral", "labels": {"en": "A funeral"}, "fee": "ask"},
        {"code": "work", "labels": {"en": "My shift has changed"}},
    ],
}
ASK = "Ask the practice to waive the fee"


@pytest.fixture
async def session_id(world: World) -> UUID:
    await world.add_policy(RULES)
    return await world.book(START)


async def test_each_reason_says_what_it_changes_and_a_free_one_costs_nothing(
    ana: Visitor, world: World, session_id: UUID
) -> None:
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.read("I am ill (free of charge)")
    await ana.read("A funeral (the practice is asked to waive the fee)")
    await ana.page.get_by_label("My shift has changed").check()
    await ana.read("Costs $45.00 now.")
    await expect(ana.page.get_by_label(ASK)).to_be_visible()
    await ana.page.get_by_label("I am ill").check()
    await ana.read("Free of charge for this reason.")
    await expect(ana.page.get_by_label(ASK)).to_be_hidden()
    await ana.check_on_a_phone()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert ana.bodies("/cancel")[0]["reason"] == {"code": "ill", "note": "I am ill"}
    assert await world.rows(Fee) == []


async def test_a_reason_asks_the_practice_by_itself(
    ana: Visitor, world: World, session_id: UUID
) -> None:
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.page.get_by_label("A funeral").check()
    await expect(ana.page.get_by_label(ASK)).to_be_hidden()
    await ana.press("Cancel for $45.00")
    await ana.read("We have asked the practice to waive it.")
    assert [row.state for row in await world.rows(Waiver)] == ["asked"]


async def test_the_sum_of_several_dates_is_that_of_the_reason(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy(RULES)
    first, *_ = await book_series(staff, world, START, 3)
    await ana.open(UUID(first))
    await ana.press("Cancel session")
    await ana.page.get_by_label("This and all following sessions").check()
    await ana.page.get_by_label("Something else").or_(ana.page.get_by_label("Other")).check()
    await ana.read("$135.00")
    await ana.page.get_by_label("I am ill").check()
    await ana.press("Cancel 3 sessions")
    await ana.see("Your sessions are cancelled")
    assert await world.rows(Fee) == []


async def test_before_anything_is_due_no_reason_changes_anything(
    ana: Visitor, world: World
) -> None:
    await world.add_policy(RULES | {"cancel": {}})
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.page.get_by_label("I am ill").check()
    await expect(ana.page.get_by_text("(free of charge)")).to_have_count(0)
    await ana.read("This is free of charge.")
