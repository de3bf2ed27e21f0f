"""A free change of the client's allowance is used with one press, or kept by paying."""

from datetime import timedelta

from playwright.async_api import expect

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import Fee
from app.tables.waivers import Waiver
from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)
FIRST_FREE = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]},
    "allowance": {"free": 1, "per": "calendar_year", "for": ["cancel", "reschedule"]},
}
USES = "Free of charge: it uses your free change 1 of 1."
NONE_LEFT = "You have used all of your free changes (1)."


async def test_the_free_change_is_used_and_the_next_one_costs(ana: Visitor, world: World) -> None:
    await world.add_policy(FIRST_FREE)
    first = await world.book(START)
    second = await world.book(START + timedelta(days=1))
    await ana.open(first)
    await ana.press("Cancel session")
    await ana.read(USES)
    await ana.give_reason("I am unwell")
    await ana.check_on_a_phone()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert len(await world.rows(AllowanceUse)) == 1
    assert await world.rows(Fee) == []
    await ana.open(second)
    await ana.press("Cancel session")
    await ana.read("Costs $45.00 now.")
    await ana.read(NONE_LEFT)
    await expect(ana.page.locator("#pay-instead")).to_be_hidden()


async def test_who_pays_instead_keeps_it(ana: Visitor, world: World) -> None:
    await world.add_policy(FIRST_FREE)
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.read(USES)
    await ana.page.get_by_label("Pay $45.00 instead, and keep the free change").check()
    await ana.read("Costs $45.00 now.")
    await expect(ana.page.get_by_text(USES)).to_have_count(0)
    await ana.give_reason("I am unwell")
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    assert await world.rows(AllowanceUse) == []
    assert [fee.amount_minor for fee in await world.rows(Fee)] == [4500]


async def test_who_pays_instead_is_told_that_their_reason_asks(ana: Visitor, world: World) -> None:
    reasons = [{"code": "funeral", "labels": {"en": "A funeral"}, "fee": "ask"}]
    await world.add_policy(FIRST_FREE | {"reasons": reasons})
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.read(USES)
    asks = ana.page.get_by_text("(the practice is asked to waive the fee)")
    await expect(asks).to_have_count(0)
    await ana.page.get_by_label("Pay $45.00 instead, and keep the free change").check()
    await expect(asks).to_have_count(1)
    await ana.page.get_by_label("A funeral").check()
    await expect(ana.page.get_by_label("Ask the practice to waive the fee")).to_be_hidden()
    await ana.press("Cancel for $45.00")
    await ana.read("We have asked the practice to waive it.")
    assert [row.state for row in await world.rows(Waiver)] == ["asked"]
