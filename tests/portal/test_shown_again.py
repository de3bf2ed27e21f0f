"""What a person reads and writes stays when the page shows it again without being asked."""

import asyncio
from datetime import timedelta

from playwright.async_api import Page, Route, expect

from app.domain.session import Format
from app.tables.sessions import Session
from tests.portal.visitor import Visitor
from tests.waiting import wait
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
RETURN = "document.dispatchEvent(new Event('visibilitychange'))"


async def _mark(page: Page) -> None:
    """Mark the view that is shown: the next one has no mark."""
    await page.evaluate("document.querySelector('main').firstElementChild.dataset.former = ''")


async def _return(ana: Visitor) -> None:
    """Come back to the page after two minutes, and wait until it shows the session anew."""
    await _mark(ana.page)
    ana.clock.now += timedelta(minutes=2)
    await ana.page.clock.set_system_time(ana.clock.now)
    await ana.page.evaluate(RETURN)
    await expect(ana.page.locator("[data-former]")).to_have_count(0)


async def test_a_wish_that_is_being_written_stays_as_it_is(
    ana: Visitor, world: World, staff: Api
) -> None:
    waiting = await wait(world, staff.signed_in(world.token()))
    await ana.open(waiting.session_id)
    await ana.page.get_by_text("All deadlines and costs").click()
    part = ana.page.locator("#wish")
    await part.get_by_text("Rather sooner?").click()
    await part.get_by_text("Only certain times?").click()
    await part.get_by_role("checkbox", name="Wednesday").check()
    notice = part.get_by_role("textbox").last
    await notice.fill("24")
    await notice.evaluate("(one) => one.setSelectionRange(1, 1)")
    y = await ana.page.evaluate("scrollY")
    assert y > 0
    await _return(ana)
    await expect(part.get_by_role("checkbox", name="Wednesday")).to_be_checked()
    await expect(notice).to_have_value("24")
    await expect(notice).to_be_focused()
    assert await notice.evaluate("(one) => one.selectionStart") == 1
    assert await ana.page.evaluate("scrollY") == y
    timeline = ana.page.locator("details", has_text="All deadlines and costs")
    await expect(timeline).to_have_attribute("open", "")
    history = ana.page.locator("details", has_text="What has happened so far")
    await expect(history).not_to_have_attribute("open", "")


async def test_a_part_that_comes_late_does_not_move_what_is_read(
    ana: Visitor, world: World
) -> None:
    loaded = asyncio.Event()
    loaded.set()

    async def answer_late(route: Route) -> None:
        await loaded.wait()
        await route.continue_()

    await ana.page.set_viewport_size({"width": 320, "height": 480})
    await ana.page.route("**/availability?*", answer_late)
    await ana.open(await world.book(START))
    formats = ana.page.get_by_text("Keep the time, but switch to:")
    await expect(formats).to_be_visible()
    history = ana.page.locator("#history")
    await history.scroll_into_view_if_needed()
    y = await ana.page.evaluate("scrollY")
    assert y > 0
    loaded.clear()
    await _return(ana)
    await expect(formats).to_have_count(0)
    loaded.set()
    await expect(formats).to_be_attached()
    assert await ana.page.evaluate("scrollY") == y


async def test_the_focus_stays_on_what_has_no_field(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.page.locator("#history").focus()
    await _return(ana)
    await expect(ana.page.locator("#history")).to_be_focused()
    await ana.page.get_by_text("All deadlines and costs").focus()
    await _return(ana)
    await expect(ana.page.get_by_text("All deadlines and costs")).to_be_focused()


async def test_the_same_holds_when_a_price_ends(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.page.get_by_text("All deadlines and costs").click()
    await world.change(Session, session_id, format=Format.PHONE, version=2)
    await ana.wait(timedelta(minutes=11))
    await expect(ana.page.locator(".how")).to_have_text("Phone")
    timeline = ana.page.locator("details", has_text="All deadlines and costs")
    await expect(timeline).to_have_attribute("open", "")


async def test_another_language_keeps_what_is_typed(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason("Something else")
    await ana.page.get_by_role("textbox").fill("A storm is coming.")
    await ana.page.get_by_label("Language").select_option("de")
    await expect(ana.page.get_by_label("Sprache")).to_be_focused()
    await expect(ana.page.get_by_role("textbox")).to_have_value("A storm is coming.")
    await expect(ana.page.get_by_role("radio", checked=True)).to_have_count(1)


async def test_a_typed_address_stays_in_another_language(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    await ana.see("Sign in")
    await ana.page.get_by_label("Email address").fill("ana@client.example")
    await ana.page.get_by_text("I have a link from a message").click()
    await ana.page.get_by_label("Language").select_option("es")
    await expect(ana.page.get_by_label("Idioma")).to_be_focused()
    await expect(ana.page.locator("#email")).to_have_value("ana@client.example")
    await expect(ana.page.locator("#token")).to_be_visible()


async def test_a_slow_network_takes_nothing_away(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.page.route(f"**/v1/sessions/{session_id}", lambda _: None)
    ana.clock.now += timedelta(minutes=2)
    await ana.page.clock.set_system_time(ana.clock.now)
    async with ana.page.expect_request(f"**/v1/sessions/{session_id}"):
        await ana.page.evaluate(RETURN)
    await ana.page.clock.fast_forward(1000)
    await expect(ana.heading("Follow-up")).to_be_visible()
    await expect(ana.page.locator(".skeleton")).to_have_count(0)


async def test_who_comes_back_without_a_network_keeps_what_is_shown(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.page.context.set_offline(True)
    ana.clock.now += timedelta(minutes=2)
    await ana.page.clock.set_system_time(ana.clock.now)
    await ana.page.evaluate(RETURN)
    await expect(ana.alert).to_contain_text("What you see may be out of date.")
    await expect(ana.heading("Follow-up")).to_be_visible()
    # Again, and it is said once.
    await ana.page.evaluate(RETURN)
    await expect(ana.alert).to_have_count(1)
    # Back in the network, the page asks by itself.
    await ana.page.context.set_offline(False)
    await expect(ana.alert).to_have_count(0)
    await expect(ana.heading("Follow-up")).to_be_visible()
