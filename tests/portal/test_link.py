"""Opening the link of a mail: the handling of the token, and the view of the session."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from playwright.async_api import Browser, Route, expect

from app.configuration.settings import Settings
from app.tables.changes import Change
from app.tables.sessions import Session
from tests.portal.postman import Postman, link_in, links_in
from tests.portal.visitor import DESKTOP, RESCHEDULE, Visitor, answer_with, arrive
from tests.world import NOW, TestClock, World

# Thursday, 3 December, 10:00 in New York.
START = NOW + timedelta(days=3)


async def test_from_the_mail_to_a_confirmed_new_time_in_three_clicks(
    ana: Visitor, world: World, postman: Postman
) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}}
    )
    session_id = await world.book(START)
    # The first click is that on the mail's link.
    await ana.page.goto(link_in(await postman.bring("booked")))
    await ana.see("Choose a new time")
    await ana.read("Free until Wed, Dec 2, 10:00 AM.")
    await ana.press("2:30 PM")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + timedelta(hours=4, minutes=30)
    (sent,) = ana.bodies("/reschedule")
    assert sent["reason"] == {"code": "other", "note": "Prefer not to say"}
    mail = await postman.bring("rescheduled")
    assert "Thursday, December 3, 2026, 2:30 PM to 3:20 PM" in mail
    await ana.page.goto("about:blank")
    await ana.page.goto(ana.link(session_id))
    await ana.read("2:30 PM to 3:20 PM")


async def test_the_second_link_of_a_mail_opens_at_the_confirmation_of_a_cancellation(
    ana: Visitor, world: World, postman: Postman
) -> None:
    session_id = await world.book(START)
    _, to_cancel = links_in(await postman.bring("booked"))
    await ana.page.goto(to_cancel)
    await ana.see("Cancel this session?")
    await ana.page.wait_for_load_state("networkidle")
    assert ana.sent("/cancel") == []
    # Back leads to the session, as if the person had come that way.
    await ana.page.go_back()
    await ana.see("Follow-up")
    (session,) = await world.rows(Session, id=session_id)
    assert (session.status, session.version) == ("booked", 1)


async def test_a_link_to_what_is_not_possible_any_more_opens_the_session(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({"reschedule": {"enabled": False}})
    session_id = await world.book(START)
    await ana.page.goto(f"{ana.link(session_id)}&to=reschedule")
    await ana.see("Follow-up")
    await ana.read("This cannot be done online for this session.")


async def test_the_new_calendar_file_comes_with_the_token(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    await ana.press("Confirm")
    async with ana.page.expect_download() as coming:
        await ana.press("Apple (file)")
    download = await coming.value
    assert download.suggested_filename == "session.ics"
    text = (await download.path()).read_text()
    assert "DTSTART;TZID=America/New_York:20261203T110000" in text
    await ana.press("Back to my session")
    await ana.read("11:00 AM to 11:50 AM")


async def test_the_token_is_removed_from_the_address_and_stored_nowhere(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    token = world.link_token(session_id)
    await ana.open(session_id)
    assert ana.page.url == f"{ana.settings.portal_url}#/sessions/{session_id}"
    kept = await ana.page.evaluate(
        """async () => JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie,
          history.state, await indexedDB.databases(), await caches?.keys(), window.name])"""
    )
    assert token not in kept
    (link,) = await ana.page.evaluate("JSON.parse(sessionStorage.getItem('reslot-links'))")
    # Every token starts with this: the access of half an hour is the only one.
    assert "WyJ" not in kept.replace(link["access"], "")
    assert link["id"] == str(session_id)
    left = link["until"] / 1000 - ana.clock.now.timestamp()
    assert 0 < left - 30 * 60 < 60  # the page's clock goes on
    opened = ana.sent("/v1/links/open")
    assert [request.post_data_json for request in opened] == [{"token": token}]
    assert all(token not in request.url for request in ana.requests)
    referrers = [(await request.all_headers()).get("referer") for request in ana.requests]
    assert set(referrers) == {None}
    await ana.page.go_back()
    assert token not in ana.page.url


async def test_nothing_is_sent_before_a_person_sees_the_page(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.page.add_init_script(
        "window.seen = 'hidden';"
        "Object.defineProperty(document, 'visibilityState', {get: () => window.seen});"
    )
    await ana.page.goto(ana.link(session_id))
    await expect(ana.page.get_by_text("One moment…")).to_be_visible()
    await ana.page.wait_for_load_state("networkidle")
    assert ana.page.url == ana.settings.portal_url
    assert ana.sent("/v1/links/open") == []
    await ana.page.evaluate(
        "window.seen = 'visible'; document.dispatchEvent(new Event('visibilitychange'))"
    )
    await ana.read("Thursday, December 3")


async def test_the_access_of_a_link_survives_a_reload(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.page.reload()
    await ana.see("Follow-up")
    assert len(ana.sent("/v1/links/open")) == 1
    await ana.choose_time("11:00 AM")
    await ana.page.reload()
    await ana.see("Confirm your new time")
    await ana.press("Confirm")
    await ana.see("Your session has moved")


async def test_a_move_whose_answer_is_lost_is_seen_after_a_reload(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")

    async def lose_the_answer(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await ana.page.route(RESCHEDULE, lose_the_answer)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("There is no connection right now.")
    await ana.page.unroute(RESCHEDULE)
    await ana.page.reload()
    await ana.see("Follow-up")
    await ana.read("11:00 AM to 11:50 AM")
    assert len(await world.rows(Change, kind="rescheduled")) == 1


async def test_where_the_access_ends_the_page_says_so_in_place(ana: Visitor, world: World) -> None:
    await world.add_policy(
        {"cancel": {"fees": [{"deadline": {"before_minutes": 4300}, "percent": "50"}]}}
    )
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    await ana.wait(timedelta(minutes=31))
    await ana.see("This page has closed")
    await ana.read("What you had not confirmed has not been done.")
    await expect(ana.button("Cancel this session")).to_have_count(0)
    await ana.page.reload()
    await ana.read("Please open the link that we sent you once more.")


async def test_a_view_has_an_address_that_another_tab_explains(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Reschedule")
    await ana.see("Choose a new time")
    assert ana.page.url == f"{ana.settings.portal_url}#/sessions/{session_id}/reschedule"
    await ana.page.evaluate("id => { location.hash = `/sessions/${id}/cancel` }", str(session_id))
    await ana.see("Cancel this session?")
    other = Visitor(await ana.page.context.new_page(), ana.settings, world, ana.clock)
    await other.page.goto(ana.page.url)
    await other.see("This page has closed")
    await other.read("Please open the link that we sent you once more.")


async def test_another_link_in_the_same_tab_opens_the_other_session(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    other = await world.book(START + timedelta(days=1))
    await ana.page.evaluate("token => { location.hash = token }", world.link_token(other))
    await ana.read("Friday, December 4")
    assert ana.page.url == f"{ana.settings.portal_url}#/sessions/{other}"


@pytest.mark.parametrize("token", ["nonsense", "a.b", "%7Bx"])
async def test_a_bad_link_is_explained(ana: Visitor, token: str) -> None:
    await ana.page.goto(f"{ana.settings.portal_url}#{token}")
    await expect(ana.alert).to_contain_text("This link does not work.")
    await ana.read("Copy the link in the message, and paste it here.")


async def test_an_old_link_is_explained(ana: Visitor, world: World, clock: TestClock) -> None:
    session_id = await world.book(START)
    clock.now += timedelta(days=60)
    await ana.page.goto(ana.link(session_id))
    await expect(ana.alert).to_contain_text("This link has expired.")


async def test_a_reload_keeps_the_link_where_the_clock_of_the_phone_is_wrong(
    ana: Visitor, world: World
) -> None:
    async def with_date(route: Route) -> None:
        answer = await route.fetch()
        now = format_datetime(ana.clock.now, usegmt=True)
        await route.fulfill(response=answer, headers={**answer.headers, "date": now})

    await ana.page.clock.set_system_time(ana.clock.now + timedelta(hours=3))
    await ana.page.route("**/v1/**", with_date)
    await ana.open(await world.book(START))
    await ana.page.reload()
    await expect(ana.heading("Follow-up")).to_be_visible()
    await ana.read("Thursday, December 3")
    await ana.page.unroute_all(behavior="ignoreErrors")


async def test_when_the_access_expires_the_page_tells_how_to_continue(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    ana.clock.now += timedelta(minutes=31)
    await ana.press("Add to my calendar")
    await ana.page.wait_for_timeout(0)
    await ana.press("How to go on")
    await ana.see("This page has closed")
    await ana.read("this page closes after a while")
    await expect(ana.page.get_by_text("Thursday, December 3")).to_have_count(0)
    await ana.page.get_by_label("Link from the message").fill(ana.link(session_id))
    await ana.press("Open")
    await ana.read("Thursday, December 3")


async def test_a_command_after_the_access_expired_leads_back_to_the_link(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    await ana.page.route(RESCHEDULE, answer_with("unauthorized", 401))
    await ana.press("Confirm")
    await ana.see("This page has closed")
    await ana.read("Please open the link that we sent you once more.")


async def test_a_viewer_elsewhere_sees_both_zones(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    paris: dict[str, Any] = {"timezone_id": "Europe/Paris", "locale": "en-GB"}
    async with arrive(browser, site, world, clock, size=DESKTOP, **paris) as ben:
        await ben.open(session_id)
        await ben.read("Thursday 3 December")
        await ben.read("16:00 to 16:50")
        await ben.read("Central European Standard Time")
        await ben.read("10:00 to 10:50 (Eastern Standard Time) for Dr. Maya Chen")
        await ben.press("Reschedule")
        await ben.read("Dr. Maya Chen is in Eastern Standard Time.")
        await expect(ben.button("15:00")).to_be_visible()


async def test_only_a_web_address_becomes_a_link(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await world.change(Session, session_id, join_url="javascript:alert(1)")
    await ana.open(session_id)
    await ana.read("javascript:alert(1)")
    await expect(ana.page.locator("main a[href^='javascript']")).to_have_count(0)
