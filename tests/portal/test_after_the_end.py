"""A cancelled or missed session is booked again; a closed one is announced as missed."""

from datetime import timedelta
from typing import Any

from playwright.async_api import expect

from app.tables.sessions import Fee, Session
from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)
CANCEL: dict[str, Any] = {
    "closes": {"before_minutes": 6000},
    "fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}],
}
OPEN: dict[str, Any] = {**CANCEL, "closes": None}


async def test_a_cancelled_session_is_booked_again(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": OPEN, "rebook": {"days": 30, "fee": "credited"}})
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason("I am unwell")
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.press("Back to my session")
    await ana.read("Cancelling after this move costs at least $45.00.")
    await ana.check_on_a_phone()
    await ana.press("Book again")
    await ana.see("Choose a new time")
    # Its former time is on offer again.
    await ana.page.locator('[data-start="2026-12-03T10:00:00-05:00"]').click()
    await ana.give_reason("I am feeling better")
    await ana.press("Confirm")
    await ana.see("Your session is booked again")
    (session,) = await world.rows(Session)
    assert (session.status, session.version, session.starts_at) == ("booked", 3, START)
    assert [fee.status for fee in await world.rows(Fee)] == ["forgiven"]


async def test_a_client_only_says_that_they_cannot_come(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": CANCEL})
    await ana.open(await world.book(START))
    await ana.press("I cannot come")
    await ana.check_on_a_phone()
    await ana.press("Only tell the practice")
    await expect(ana.page.get_by_text("$45.00")).to_have_count(0)
    await ana.give_reason("I am unwell")
    await ana.press("Only tell the practice")
    await ana.see("We have told the practice")
    await ana.press("Back to my session")
    await ana.read("You told us on Mon, Nov 30, 10:00 AM that you cannot come.")
    await expect(ana.button("I cannot come")).to_have_count(0)
    await expect(ana.page.get_by_text("Rather sooner?")).to_have_count(0)
    left = ana.page.locator(".action").filter(has=ana.page.locator("#go-absence"))
    await expect(left).to_contain_text("Costs $45.00 now.")
    await ana.check_on_a_phone()
    (session,) = await world.rows(Session)
    assert (session.status, session.version) == ("booked", 1)
    assert await world.rows(Fee) == []


async def test_who_has_told_the_practice_can_still_give_up_the_time(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({"cancel": CANCEL})
    await ana.open(await world.book(START))
    await ana.press("I cannot come")
    await ana.press("Only tell the practice")
    await ana.give_reason("I am unwell")
    await ana.press("Only tell the practice")
    await ana.press("Back to my session")
    await ana.press("Free the time")
    await ana.give_reason("I am unwell")
    await ana.press("Free the time for $45.00")
    await ana.see("Your session is cancelled")
    (session,) = await world.rows(Session)
    assert session.status == "cancelled"


async def test_shortly_before_the_start_nobody_waits_for_an_earlier_time(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(NOW + timedelta(hours=2, minutes=1)))
    await expect(ana.page.get_by_text("Rather sooner?")).to_be_visible()
    await ana.wait(timedelta(minutes=2))
    await expect(ana.page.get_by_text("Rather sooner?")).to_have_count(0)


async def test_a_client_gives_up_the_time(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": CANCEL})
    await ana.open(await world.book(START))
    await ana.press("I cannot come")
    await ana.read("Costs $45.00 now.")
    await ana.press("Free the time")
    await ana.give_reason("I am unwell")
    await ana.press("Free the time for $45.00")
    await ana.see("Your session is cancelled")
    await ana.read("A fee of $45.00 is due.")
    (session,) = await world.rows(Session)
    assert session.status == "cancelled"
