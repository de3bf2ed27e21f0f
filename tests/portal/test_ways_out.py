"""A person sees at a glance what is free: the cheapest way out comes first."""

from datetime import timedelta
from typing import Any

from playwright.async_api import expect

from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)
LATE: dict[str, Any] = {"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}


async def _in_order(ana: Visitor) -> list[str]:
    ways = ":is(.action > button, .way .way-name)"
    buttons = ana.page.locator(f"section[aria-labelledby=change] {ways}")
    await expect(buttons.first).to_be_visible()
    return await buttons.all_inner_texts()


async def test_what_is_free_stands_before_what_is_not(ana: Visitor, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [LATE], "release": True}, "reschedule": {"fees": [LATE]}}
    )
    await ana.open(await world.book(START))
    give_up, *others = await _in_order(ana)
    assert give_up == "Give up this time only if somebody takes it"
    assert others == ["Reschedule", "Cancel session"]
    costs = ana.page.locator("section[aria-labelledby=change] .way .costless")
    await expect(costs).to_have_count(0)


async def test_a_move_that_costs_more_than_cancelling_comes_after_it(
    ana: Visitor, world: World
) -> None:
    dear = LATE | {"amount_minor": 6000}
    await world.add_policy({"cancel": {"fees": [LATE]}, "reschedule": {"fees": [dear]}})
    await ana.open(await world.book(START))
    assert await _in_order(ana) == ["Cancel session", "Reschedule"]


async def test_an_early_client_reads_that_everything_is_free(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    assert await _in_order(ana) == ["Reschedule", "Cancel session"]
    costs = ana.page.locator("section[aria-labelledby=change] .way .costless")
    assert await costs.all_inner_texts() == ["Free until it starts"] * 2
