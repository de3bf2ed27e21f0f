"""What went wrong on the page once, and may not come back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Route, expect

from app.domain.session import Format
from app.tables.practices import Location, Practitioner, ServiceFormat
from app.tables.sessions import Session
from tests.portal.front_door import FrontDoor
from tests.portal.visitor import NARROW, RESCHEDULE, Visitor, answer_with
from tests.world import NOW, REASON, Api, World

START = NOW + timedelta(days=3)


@pytest.mark.parametrize("base", ["100%", "200%"])
async def test_the_numbers_of_the_days_stay_whole(ana: Visitor, world: World, base: str) -> None:
    """Also where the text is twice as large and the window narrow."""
    width, height = NARROW
    await ana.page.set_viewport_size({"width": width, "height": height})
    await ana.open(await world.book(START))
    await ana.page.evaluate("size => { document.documentElement.style.fontSize = size }", base)
    await ana.press("Reschedule")
    await expect(ana.page.locator(".slot").first).to_be_visible()
    lines = await ana.page.evaluate(
        """() => [...document.querySelectorAll('.by-week .number')].map((one) => {
          const range = document.createRange(); range.selectNodeContents(one);
          return range.getClientRects().length })"""
    )
    assert lines == [1] * 7
    assert await ana.overflow() == 0


@pytest.mark.parametrize("width", [320, 360])
async def test_twice_as_large_text_breaks_no_word_of_the_details(
    ana: Visitor, world: World, width: int
) -> None:
    await ana.page.set_viewport_size({"width": width, "height": 640})
    await ana.open(await world.book(START))
    await ana.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await ana.broken_words(ana.page.locator(".hero-top")) == []
    assert await ana.overflow() == 0


async def test_an_expired_quote_is_never_shown_as_if_it_held(ana: Visitor, world: World) -> None:
    rules = {"cancel": {"fees": [{"deadline": {"before_minutes": 4315}, "amount_minor": 4500}]}}
    await world.add_policy(rules)
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.read("This is free of charge.")
    await ana.page.route(
        f"**/v1/sessions/{session_id}", answer_with("service-unavailable", 503, retry_after=9)
    )
    await ana.wait(timedelta(minutes=11))
    await ana.read("We are looking up what it costs now…")
    await expect(ana.page.get_by_text("This is free of charge.")).to_have_count(0)
    await ana.give_reason("I am unwell")
    await expect(ana.button("Cancel this session")).to_be_disabled()
    await ana.button("Cancel this session").click(force=True)
    assert ana.sent("/cancel") == []
    await ana.page.unroute(f"**/v1/sessions/{session_id}")
    await ana.forward(timedelta(seconds=6))
    await ana.read("Costs $45.00 now.")
    await expect(ana.button("Cancel for $45.00")).to_be_enabled()


async def test_where_the_access_has_ended_nothing_is_asked_again_and_again(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    path = f"**/v1/sessions/{session_id}"
    await ana.page.route(path, answer_with("unauthorized", 401))
    await ana.wait(timedelta(minutes=11))
    await ana.see("This page has closed")
    asked = len(ana.calls())
    await ana.forward(timedelta(minutes=1))
    await ana.page.wait_for_load_state("networkidle")
    assert len(ana.calls()) == asked


async def test_what_was_lost_is_not_asked_again_where_the_access_has_ended(
    ana: Visitor, world: World
) -> None:
    await ana.page.route("**/availability?*", lambda route: route.abort())
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    await ana.page.route(f"**/v1/sessions/{session_id}", answer_with("unauthorized", 401))
    await ana.wait(timedelta(minutes=11))
    await ana.see("This page has closed")
    asked = len(ana.calls())
    await ana.forward(timedelta(minutes=1))
    await ana.page.wait_for_load_state("networkidle")
    assert len(ana.calls()) == asked


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("+49 (0)30 1234-567", "+49301234567"),
        ("+1 303 555 0100 ext. 12", "+13035550100"),
        ("+1 303 555 0100 x12", "+13035550100"),
        ("0049 (0) 30 1234", "0049301234"),
        ("(030) 1234", "0301234"),
        ("+33 1 23 45 67 89 poste 4", "+33123456789"),
    ],
)
async def test_a_number_can_be_called_as_it_is_written(
    ana: Visitor, written: str, dialled: str
) -> None:
    await ana.page.goto(ana.settings.portal_url)
    address = await ana.page.evaluate(
        "async (phone) => (await import('/portal/contact.js')).tel(phone)", written
    )
    assert address == f"tel:{dialled}"


async def test_a_refusal_speaks_of_a_past_deadline_as_past(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 5000}}})
    await ana.open(await world.book(START))
    await ana.read("It was possible until Sun, Nov 29, 10:40 PM.")
    await expect(ana.page.get_by_text(re.compile("Possible until"))).to_have_count(0)


async def test_lines_of_addresses_and_links_in_instructions_are_kept(
    ana: Visitor, world: World
) -> None:
    await world.change(Location, world.location_id, address="1 Harbor Street\nSecond floor")
    await world.change_all(
        ServiceFormat, instructions="Bring a towel.\nThe way: https://harbor.example/way."
    )
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    await ana.open(await world.book(START, **place))
    address = ana.page.get_by_text("1 Harbor Street")
    assert await address.inner_text() == "1 Harbor Street\nSecond floor"
    link = ana.page.get_by_role("link", name="https://harbor.example/way", exact=True)
    await expect(link).to_have_attribute("href", "https://harbor.example/way")


async def test_a_time_that_was_taken_cannot_be_confirmed_again(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("12:00 PM")
    await world.book(
        START + timedelta(hours=2), client_id=await world.add_client(email="ben@client.example")
    )
    await ana.press("Confirm")
    await ana.read("These times are still free:")
    await expect(ana.button("Confirm")).to_have_count(0)
    await expect(ana.button("Keep my session")).to_be_visible()


async def test_an_outage_does_not_ask_anybody_to_sign_in(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.page.route("**/v1/links/open", answer_with("service-unavailable", 503))
    await ana.page.goto(ana.link(session_id))
    await ana.forward(timedelta(seconds=2))
    await ana.forward(timedelta(seconds=2))
    await ana.see("That did not work")
    await expect(ana.page.get_by_label("Email address")).to_have_count(0)
    await ana.page.unroute("**/v1/links/open")
    await ana.press("Try again")
    await ana.see("Follow-up")


@pytest.mark.parametrize("pattern", ["**/app.*.js", "**/texts-en.*.js", "**/portal.*.css"])
async def test_a_file_that_does_not_load_is_said_at_once(
    ana: Visitor, world: World, pattern: str
) -> None:
    async def fail(route: Route) -> None:
        await route.abort()

    await ana.page.route(pattern, fail)
    session_id = await world.book(START)
    await ana.page.goto(ana.link(session_id))
    if pattern.endswith("css"):
        await ana.see("Follow-up")
        return
    await expect(ana.page.get_by_text("This page did not load completely.")).to_be_visible()
    await ana.page.unroute(pattern)
    await ana.page.get_by_role("link", name="Load it again").click()
    await ana.see("Follow-up")  # with the token in the address
    ana.complaints.clear()


async def test_cancelled_sessions_that_lie_ahead_are_not_called_past(
    ana: Visitor, world: World, door: FrontDoor
) -> None:
    session_id = await world.book(START)
    await world.end(session_id, "cancelled")
    await door.sign_in()
    await ana.press("Past and cancelled")
    await ana.see("Your past and cancelled sessions")
    await ana.read("Cancelled")


async def test_whom_to_contact_is_there_after_staff_cancelled(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    assert (await staff.post(path, {"charge_fee": False, "reason": REASON})).status_code == 200
    await ana.open(session_id)
    await ana.read("The practice cancelled it")
    call = ana.page.get_by_role("link", name="Call +1 212 555 0100")
    await expect(call.first).to_be_visible()
    await expect(ana.page.locator(".join")).to_have_count(0)


async def test_a_session_that_is_over_has_no_way_to_join(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await world.change(Session, session_id, join_url="https://video.example/maya")
    await ana.open(session_id)
    await expect(ana.button("Join the video call")).to_be_visible()
    ana.clock.now = START + timedelta(hours=2)
    await ana.page.clock.set_system_time(ana.clock.now)
    await ana.page.goto("about:blank")
    await ana.open(session_id)
    await expect(ana.button("Join the video call")).to_have_count(0)
    call = ana.page.get_by_role("link", name="Call +1 212 555 0100")
    await expect(call.first).to_be_visible()


async def test_no_word_of_the_page_is_of_the_workshop(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    words = await ana.page.evaluate(
        """async () => JSON.stringify((await import('/portal/texts/en.js')).texts,
          (_, value) => typeof value === 'function' ? String(value) : value).toLowerCase()"""
    )
    for word in ("access token", "has of you", "fragment", "refresh", "api ", "session token"):
        assert word not in words


async def test_initials_leave_out_titles_and_what_cannot_be_seen(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    names = ["Dr. Maya Chen", "Ana", "Jean-Luc de la Tour", "李 小龙", "Prof. Dr. Ö. Äkesson"]
    shown = await ana.page.evaluate(
        "async (names) => names.map((await import('/portal/parts.js')).initials)", names
    )
    assert shown == ["MC", "A", "JT", "李小", "Ä"]


async def test_the_answer_that_was_lost_at_confirm_costs_nothing_twice(
    ana: Visitor, world: World
) -> None:
    """Trying again sends the same key, so the change is made once."""
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")

    async def lose(route: Route) -> None:
        await route.fetch()
        await route.abort()

    await ana.page.route(RESCHEDULE, lose)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("There is no connection right now.")
    await ana.page.unroute(RESCHEDULE)
    await ana.press("Try again")
    await ana.see("Your session has moved")
    keys = {request.headers["idempotency-key"] for request in ana.sent("/reschedule")}
    assert len(keys) == 1


async def test_a_practitioners_name_stays_in_one_piece(ana: Visitor, world: World) -> None:
    name = "Prof. Dr. Maximiliane-Friederike von der Schulenburg-Wolfsburg"
    await world.change(Practitioner, world.practitioner_id, name=name)
    width, height = NARROW
    await ana.page.set_viewport_size({"width": width, "height": height})
    await ana.open(await world.book(START))
    await ana.read(f"with {name}")
    assert await ana.overflow() == 0
