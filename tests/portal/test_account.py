"""The views of a signed-in client: past sessions, packages, fees, and the navigation."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Route, expect

from tests.portal.front_door import FEES, FrontDoor
from tests.portal.visitor import Visitor, answer_with, first_item_with
from tests.world import NOW, Api, World

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
START = NOW + 3 * DAY
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]}}
WHY = {"note": "As we said on the phone."}


async def test_past_sessions_show_in_words_how_they_ended(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    for day, status in ((3, "fulfilled"), (4, "noshow"), (2, "booked")):
        session_id = await world.book(NOW - timedelta(days=7 + day), now=NOW - timedelta(days=20))
        if status != "booked":
            await world.end(session_id, status)
    await world.book(START)
    await door.sign_in()
    await ana.press("Past and cancelled")
    await ana.see("Your past and cancelled sessions")
    rows = ana.page.get_by_role("main").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0).locator(".state")).to_have_count(0)
    await expect(rows.nth(1).locator(".state")).to_have_text("Completed")
    await expect(rows.nth(2).locator(".state")).to_have_text("Missed")
    await expect(ana.button("Past and cancelled")).to_have_attribute("aria-current", "page")
    await rows.nth(2).get_by_role("link").click()
    await ana.see("Follow-up")
    await ana.read("This session was missed.")
    await ana.press("All sessions")
    await ana.see("Your past and cancelled sessions")


async def test_a_session_of_the_list_is_cancelled_and_appears_among_the_past(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    await world.book(START)
    await door.sign_in()
    await ana.page.get_by_role("link", name="Follow-up").click()
    await ana.see("Follow-up")
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    await ana.press("Upcoming")
    await ana.read("You have no upcoming sessions.")
    await ana.press("Past and cancelled")
    await expect(ana.page.locator(".state")).to_have_text("Cancelled")


async def test_packages_show_the_remaining_credits_and_their_expiry(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    package_id = await world.add_package(expires_at=NOW + timedelta(days=60))
    await world.book(START, package_id=package_id)
    await world.add_package(name="Follow-up", credits=1, expires_at=NOW - timedelta(days=2))
    await world.add_package(name="Gift", credits=1)
    await door.sign_in()
    await ana.press("Packages")
    await ana.see("Your packages")
    rows = ana.page.get_by_role("main").get_by_role("listitem")
    await expect(rows).to_have_count(3)
    await expect(rows.nth(0)).to_contain_text("1 of 1 credit left")
    await expect(rows.nth(0)).to_contain_text("Expired on Saturday, November 28, 10:00 AM.")
    await expect(rows.nth(1)).to_contain_text("5 of 6 credits left")
    await expect(rows.nth(1)).to_contain_text("For Follow-up")
    await expect(rows.nth(1)).to_contain_text("Good until Friday, January 29, 2027, 10:00 AM.")
    await expect(rows.nth(2)).to_contain_text("Does not expire.")


async def test_a_credit_that_was_returned_late_has_its_own_expiry(
    ana: Visitor, door: FrontDoor, world: World
) -> None:
    package_id = await world.add_package(expires_at=NOW + timedelta(days=4))
    await world.book(START, package_id=package_id)
    await door.sign_in()
    await ana.page.get_by_role("link", name="Follow-up").click()
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    await ana.press("Packages")
    await ana.read("It can still be used until Monday, December 14, 10:00 AM.")


async def _charge(staff: Api, session_id: UUID, what: str, **body: Any) -> str:
    """Let staff charge for an action on a session; return the fee's id."""
    body = {"charge_fee": True, "reason": WHY} | body
    done = await staff.post(f"/v1/practice/sessions/{session_id}/{what}", body)
    assert done.status_code == 200, done.text
    return str(done.json()["session"]["fees"][-1]["id"])


async def _do(staff: Api, path: str, **body: Any) -> None:
    done = await staff.post(f"/v1/practice/{path}", body)
    assert done.status_code == 200, done.text


async def _small_pages(visitor: Visitor, size: int) -> None:
    """Let the server return this number of fees per page."""

    async def ask(route: Route) -> None:
        url = route.request.url
        await route.continue_(url=f"{url}{'&' if '?' in url else '?'}limit={size}")

    await visitor.page.route(f"**{FEES}*", ask)


async def test_fees_show_amount_reason_date_and_status(
    ana: Visitor, door: FrontDoor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE, now=NOW - timedelta(days=30))
    undone, moved = await world.book(START + DAY), await world.book(START + 4 * DAY)
    missed = await world.book(NOW - 7 * DAY, now=NOW - 20 * DAY)
    cancelled = await world.book(START)
    await _charge(staff, undone, "cancel")
    ana.clock.now += MINUTE
    to = (START + 5 * DAY).isoformat()
    settled = await _charge(staff, moved, "reschedule", start=to, format="video")
    ana.clock.now += MINUTE
    waived = await _charge(staff, missed, "noshow")
    ana.clock.now += MINUTE
    await _charge(staff, cancelled, "cancel")
    ana.clock.now += DAY
    await _do(staff, f"sessions/{undone}/undo", reason=WHY)
    await _do(staff, f"fees/{settled}/settle", payment_reference="INV-2041")
    await _do(staff, f"fees/{waived}/waive", reason=WHY)
    await door.sign_in()
    await _small_pages(ana, 2)
    await ana.press("Fees")
    await ana.see("Your fees")
    rows = ana.page.get_by_role("main").get_by_role("listitem")
    await expect(rows).to_have_count(2)
    await expect(rows.nth(0)).to_contain_text("$45.00")
    await expect(rows.nth(0)).to_contain_text("Due: the practice collects it")
    await expect(rows.nth(0)).to_contain_text(
        "Cancelled: Follow-up with Dr. Maya Chen, Thursday, December 3, 10:00 AM"
    )
    await expect(rows.nth(0)).to_contain_text("Recorded on Monday, November 30, 10:03 AM")
    await expect(rows.nth(1)).to_contain_text("Waived (Tuesday, December 1)")
    await expect(rows.nth(1)).to_contain_text("Missed: Follow-up")
    await ana.press("Show more")
    await expect(rows).to_have_count(4)
    await expect(rows.nth(2).get_by_role("link")).to_be_focused()
    await expect(rows.nth(2)).to_contain_text("Paid (Tuesday, December 1)")
    await expect(rows.nth(2)).to_contain_text("Moved to another time: Follow-up")
    await expect(rows.nth(3)).to_contain_text("No longer due (Tuesday, December 1)")
    await rows.nth(0).get_by_role("link").click()
    await ana.see("Follow-up")
    await ana.read("The practice cancelled it")
    await ana.press("All fees")
    await ana.see("Your fees")


async def test_a_fee_with_an_unknown_status_and_cause_is_shown(
    ana: Visitor, door: FrontDoor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE)
    await _charge(staff, await world.book(START), "cancel")
    await ana.page.route(f"**{FEES}", first_item_with(status="in_court", cause="moonlight"))
    await door.sign_in()
    await ana.press("Fees")
    await ana.see("Your fees")
    await ana.read("in_court")
    await ana.read("Session: Follow-up with Dr. Maya Chen")


@pytest.mark.parametrize(
    ("section", "words"),
    [
        ("Past and cancelled", "You have no past or cancelled sessions."),
        ("Packages", "You have no packages."),
        ("Fees", "You have no fees."),
    ],
)
async def test_an_empty_list_shows_a_message(
    ana: Visitor, door: FrontDoor, section: str, words: str
) -> None:
    await door.sign_in()
    await ana.press(section)
    await ana.read(words)


async def test_a_page_that_fails_can_be_tried_again(
    ana: Visitor, door: FrontDoor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE)
    first = await _charge(staff, await world.book(START), "cancel")
    await _do(staff, f"fees/{first}/waive", reason=WHY)
    ana.clock.now += MINUTE
    await _charge(staff, await world.book(START + DAY), "cancel")
    await door.sign_in()
    await _small_pages(ana, 1)
    await ana.page.route(f"**{FEES}", answer_with("internal-error", 500), times=1)
    await ana.press("Fees")
    await ana.see("That did not work")
    await ana.press("Try again")
    await ana.see("Your fees")
    await ana.page.route(f"**{FEES}?*", answer_with("internal-error", 500), times=1)
    await ana.press("Show more")
    await expect(ana.alert).to_be_focused()
    await ana.press("Try again")
    await ana.read("Waived")


async def test_a_slow_list_shows_that_it_is_loading(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await ana.page.route("**/v1/packages", lambda _: None)
    await ana.press("Packages")
    await ana.page.clock.fast_forward(300)
    await expect(ana.page.get_by_role("main")).to_have_text("One moment…")
    await expect(ana.page.get_by_role("main")).to_have_attribute("aria-busy", "true")
    await ana.press("Past and cancelled")
    await ana.see("Your past and cancelled sessions")


async def test_back_goes_through_the_sections(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    for section, title in (
        ("Past and cancelled", "Your past and cancelled sessions"),
        ("Packages", "Your packages"),
        ("Fees", "Your fees"),
    ):
        await ana.press(section)
        await ana.see(title)
    for title in ("Your packages", "Your past and cancelled sessions", "Your upcoming sessions"):
        await ana.page.go_back()
        await ana.see(title)
    assert ana.page.url == f"{ana.settings.portal_url}#/upcoming"


async def test_signing_in_and_navigating_with_the_keyboard_only(
    ana: Visitor, door: FrontDoor
) -> None:
    keyboard = ana.page.keyboard
    await ana.page.goto(await door.link())
    await ana.see("You are almost there")
    await keyboard.press("Tab")
    await expect(ana.button("Sign in")).to_be_focused()
    await keyboard.press("Enter")
    await ana.see("Your upcoming sessions")
    await keyboard.press("Shift+Tab")
    await expect(ana.button("Fees")).to_be_focused()
    await keyboard.press("Enter")
    await ana.see("Your fees")
    await keyboard.press("Tab")
    await expect(ana.button("Sign out everywhere")).to_be_focused()
