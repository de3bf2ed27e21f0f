"""The page reserves the time that a person taps, and releases it when they go back."""

from datetime import timedelta

from playwright.async_api import expect

from app.tables.held_times import HeldTime
from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)


async def live(world: World, visitor: Visitor) -> list[object]:
    rows = await world.rows(HeldTime)
    return [row.starts_at for row in rows if row.expires_at > visitor.clock.now]


async def test_a_tapped_time_is_reserved_and_free_again_after_going_back(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await ana.read("Reserved for you until 10:05")
    assert await live(world, ana) == [START + 2 * HOUR]
    async with ana.page.expect_response(lambda answer: answer.request.method == "DELETE"):
        await ana.page.go_back()
    assert await live(world, ana) == []


async def test_a_reserved_time_is_kept_while_the_page_is_open(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await ana.read("Reserved for you until 10:05")
    await ana.wait(timedelta(minutes=4, seconds=31))
    await expect(ana.page.locator(".reserved")).to_contain_text("10:09")


async def test_a_move_uses_the_reservation_up(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await ana.read("Reserved for you until 10:05")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    assert await live(world, ana) == []


async def test_a_new_time_that_costs_to_cancel_at_once_says_so_before_the_move(
    ana: Visitor, world: World
) -> None:
    late = {"deadline": {"before_minutes": 60 * 24 * 4}, "percent": "50"}
    await world.add_policy({"cancel": {"fees": [late]}, "reschedule": {"fees": None}})
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await ana.read("As soon as this time is yours, cancelling costs $60.00.")
    await ana.check_on_a_phone()


async def test_a_new_time_that_is_free_to_cancel_says_nothing(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await ana.read("Reserved for you until 10:05")
    await expect(ana.page.locator("#after")).to_be_empty()


async def test_what_a_new_time_costs_to_cancel_is_not_said_for_a_choice_that_changes_it(
    ana: Visitor, world: World
) -> None:
    """The reservation assumes a move as the decision says: a usual reason, the allowance used."""
    late = {"deadline": {"before_minutes": 60 * 24 * 4}, "percent": "50"}
    free = {"code": "ill", "labels": {"en": "I am ill"}, "fee": "none"}
    usual = {"code": "work", "labels": {"en": "My shift has changed"}}
    allowance = {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]}
    await world.add_policy(
        {"cancel": {"fees": [late]}, "reasons": [free, usual], "allowance": allowance}
    )
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    after = ana.page.locator("#after")
    await expect(after).to_have_text("As soon as this time is yours, cancelling costs $60.00.")
    await ana.page.get_by_label("I am ill").check()
    await expect(after).to_be_hidden()
    await ana.page.get_by_label("My shift has changed").check()
    await expect(after).to_be_visible()
    instead = ana.page.locator("#pay-instead")
    await instead.check()
    await expect(after).to_be_hidden()
    await instead.uncheck()
    await expect(after).to_be_visible()
