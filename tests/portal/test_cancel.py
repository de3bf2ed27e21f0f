"""Cancelling: cost, reason and keeping the session; and the clock of the page."""

import re
from datetime import datetime, timedelta

import pytest
from playwright.async_api import expect

from app.domain.session import Format
from app.tables.sessions import Session
from tests.portal.visitor import CANCEL, Visitor, answer_with
from tests.world import NOW, World

START = NOW + timedelta(days=3)
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 10000}, "amount_minor": 4500}]}}


async def _status(world: World) -> str:
    (session,) = await world.rows(Session)
    return str(session.status)


async def test_a_fee_is_shown_and_recorded(ana: Visitor, world: World) -> None:
    await world.add_policy(LATE)
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    await ana.read("Please tell us a day ahead.")
    await ana.read("Costs $45.00 now. The practice collects it from you.")
    await ana.give_reason("I am unwell")
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.read("A fee of $45.00 is due.")
    assert await _status(world) == "cancelled"
    await ana.press("Back to my session")
    await ana.read("This session is cancelled. You cancelled it: Mon, Nov 30, 10:00 AM.")
    await expect(ana.button("Reschedule")).to_have_count(0)


async def test_keeping_the_session_is_as_easy(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    keep, go = ana.button("Keep my session"), ana.button("Cancel this session")
    sizes = [await one.bounding_box() for one in (keep, go)]
    assert sizes[0] is not None
    assert sizes[1] is not None
    assert (sizes[0]["width"], sizes[0]["height"]) == (sizes[1]["width"], sizes[1]["height"])
    await keep.click()
    await ana.see("Follow-up")
    assert ana.sent("/cancel") == []
    assert await _status(world) == "booked"


async def test_without_a_reason_nothing_is_sent(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.press("Cancel this session")
    await ana.read("Please choose a reason.")
    await expect(ana.page.get_by_role("radio", name="Work")).to_be_focused()
    await ana.give_reason("Something else")
    await ana.press("Cancel this session")
    await ana.read("Please say in a few words why.")
    await expect(ana.page.get_by_role("textbox")).to_be_focused()
    assert ana.sent("/cancel") == []
    await ana.page.get_by_role("textbox").fill("I have moved away.")
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert ana.bodies("/cancel")[0]["reason"]["code"] == "other"


async def test_the_page_shows_what_happens_to_the_credit(ana: Visitor, world: World) -> None:
    package_id = await world.add_package()
    await ana.open(await world.book(START, package_id=package_id))
    await ana.read("Six follow-ups (5 credits left)")
    await ana.press("Cancel session")
    await ana.read("The credit goes back into your package.")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    await ana.read("The credit goes back into your package.")


async def test_the_loss_of_a_credit_is_shown_before_confirming(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": LATE["cancel"] | {"late_credit": "forfeited"}})
    await ana.open(await world.book(START, package_id=await world.add_package()))
    await ana.read("The package credit is not returned now.")
    await ana.press("Cancel session")
    await ana.read("The credit that pays for this session is not returned.")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")


async def test_the_last_hour_is_counted_down_and_the_cost_follows(
    ana: Visitor, world: World
) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 4310}, "amount_minor": 4500}]}}
    await world.add_policy(rules)
    await ana.open(await world.book(START))
    timer = ana.page.get_by_role("timer").first
    await expect(timer).to_have_text(re.compile(r"(10:00|9:5\d) minutes left"))
    await ana.wait(timedelta(minutes=11))
    await ana.read("Costs $45.00 now.")


@pytest.mark.parametrize(
    ("start", "closes"), [(START, {"before_minutes": 4310}), (NOW + timedelta(minutes=10), None)]
)
@pytest.mark.parametrize("is_paid", [True, False])
async def test_what_is_counted_down_beside_a_price_is_how_long_the_action_is_possible(
    ana: Visitor,
    world: World,
    start: datetime,
    closes: dict[str, int] | None,
    *,
    is_paid: bool,
) -> None:
    """With a package credit the price is the credit, else the fee."""
    rules = LATE["cancel"] | {"late_credit": "forfeited", "closes": closes}
    await world.add_policy({"cancel": rules})
    package_id = await world.add_package() if is_paid else None
    await ana.open(await world.book(start, package_id=package_id))
    price = ana.page.locator("#price-cancel")
    await expect(price).to_contain_text("Credit is lost" if is_paid else "Costs $45.00")
    left = re.compile(r"^Possible for (10:00|9:5\d) more minutes\.$")
    await expect(price.get_by_role("timer")).to_have_text(left)
    await ana.check_on_a_phone()


async def test_a_quote_is_valid_after_the_deadline_and_is_renewed_when_it_expires(
    ana: Visitor, world: World
) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 4315}, "amount_minor": 4500}]}}
    await world.add_policy(rules)
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.read("This is free of charge.")
    await ana.wait(timedelta(minutes=7))
    await expect(ana.page.get_by_text("This is free of charge.")).to_be_visible()
    await ana.wait(timedelta(minutes=4))
    await expect(ana.alert).to_contain_text("The cost has changed.")
    await ana.give_reason()
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")


async def test_the_page_is_updated_when_the_person_returns_to_it(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await world.change(Session, session_id, format=Format.PHONE, version=2)
    ana.clock.now += timedelta(minutes=2)
    await ana.page.clock.set_system_time(ana.clock.now)
    await ana.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await expect(ana.page.locator(".how")).to_have_text("Phone")


async def test_a_field_that_the_api_refuses_is_marked(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    bad = [{"pointer": "/reason/note", "in": "body", "detail": "is too rude"}]
    await ana.page.route(CANCEL, answer_with("validation-failed", 422, errors=bad), times=1)
    await ana.press("Cancel this session")
    await expect(ana.alert).to_contain_text("The sentence of validation-failed.")
    await expect(ana.page.get_by_role("textbox")).to_have_attribute("aria-invalid", "true")
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
