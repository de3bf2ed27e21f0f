"""For everybody: keyboard alone, assistive technology, small windows, light and dark."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal

import pytest
from playwright.async_api import Browser, expect

from app.sessions.models import Session
from app.settings import Settings
from tests.portal.front_door import FrontDoor
from tests.portal.visitor import DESKTOP, NARROW, PHONE, RESCHEDULE, Visitor, answer_with, arrive
from tests.world import NOW, TestClock, World

START = NOW + timedelta(days=3)
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 4350}, "amount_minor": 4500}]}}


async def _every_view(visitor: Visitor, world: World) -> AsyncIterator[str]:  # noqa: PLR0915 - a walk
    """Walk through the whole page; what is yielded is the name of what is to be seen."""
    page = visitor.page
    await page.goto(visitor.settings.portal_url)
    await visitor.see("Sign in")
    yield "start"
    await visitor.press("Send me a link")
    await visitor.read("Please type a whole email address")
    await page.get_by_text("I have a link or an access token").click()
    await visitor.press("Open")
    await expect(visitor.alert).to_be_visible()
    yield "start with messages"
    door = await FrontDoor(visitor).stand_in()
    await page.get_by_label("Email address").fill("ana@client.example")
    await visitor.press("Send me a link")
    await visitor.read("a mail is on its way")
    yield "start with the mail on its way"
    await world.add_policy({})
    massage = await world.add_service(name="Massage, 60 min", formats=("in_person",))
    await world.add_policy(
        {name: {"enabled": False} for name in ("cancel", "reschedule", "change_format")},
        service_id=massage,
    )
    other: dict[str, Any] = {
        "service_id": massage,
        "location_id": world.location_id,
        "format": "in_person",
    }
    await world.book(START + timedelta(days=1), **other)
    await world.add_policy(LATE)
    session_id = await world.book(START)
    past = await world.book(NOW - timedelta(days=7), now=NOW - timedelta(days=9))
    await world.change(Session, past, status="noshow")
    await world.add_package(expires_at=NOW + timedelta(days=60))
    door.pages = [[door.fee(past, status=name) for name in ("due", "waived")], []]
    await page.evaluate("link => { location.href = link }", door.link)
    await visitor.see("You are almost there")
    yield "sign in"
    await visitor.press("Sign in")
    for section in ("Past", "Packages", "Fees"):
        await visitor.press(section)
        await visitor.see(f"Your {'past sessions' if section == 'Past' else section.lower()}")
        yield section
    await visitor.press("Sign out everywhere")
    await visitor.see("Sign out everywhere?")
    yield "sign out everywhere"
    await visitor.press("Stay signed in")
    await visitor.see("Your upcoming sessions")
    yield "list"
    await page.get_by_role("button", name="Massage").click()
    await visitor.see("Massage, 60 min")
    yield "refusal"
    await visitor.press("All sessions")
    await page.get_by_role("button", name="Follow-up").click()
    await visitor.see("Follow-up")
    await page.get_by_text("All deadlines and costs").click()
    await visitor.read("Keep the time, but switch to:")
    yield "details"
    await visitor.press("Cancel session")
    await visitor.see("Cancel this session?")
    await visitor.press("Cancel for $45.00")
    await visitor.read("Please choose a reason.")
    yield "cancel with a mistake"
    await visitor.press("Keep my appointment")
    await visitor.press("Reschedule")
    await expect(visitor.button("11:00 AM")).to_be_visible()
    yield "reschedule"
    await visitor.press("11:00 AM")
    await visitor.see("Confirm your new time")
    await visitor.give_reason()
    yield "confirm"
    slots = [
        {"start": (START + timedelta(hours=n)).isoformat(),
         "end": (START + timedelta(hours=n, minutes=50)).isoformat(), "location_id": None}
        for n in (2, 3, 4)
    ]  # fmt: skip
    await page.route(RESCHEDULE, answer_with("slot-unavailable", alternatives=slots), times=1)
    await visitor.press("Confirm for $45.00")
    await visitor.read("These times are still free:")
    yield "alternatives"
    await visitor.press("Confirm for $45.00")
    await visitor.see("Your session has moved")
    yield "done"
    await world.change(Session, session_id, status="noshow")
    await visitor.press("Back to my session")
    await visitor.see("Follow-up")
    yield "the session afterwards"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [NARROW, PHONE, DESKTOP], ids=["narrow", "phone", "desktop"])
async def test_no_view_has_a_barrier_or_is_too_wide(
    browser: Browser,
    site: Settings,
    world: World,
    clock: TestClock,
    size: tuple[int, int],
    scheme: Literal["light", "dark"],
) -> None:
    found = {}
    look = {"color_scheme": scheme, "reduced_motion": "reduce"}
    async with arrive(browser, site, world, clock, size=size, **look) as visitor:
        async for view in _every_view(visitor, world):
            wide = await visitor.overflow()
            barriers = await visitor.barriers()
            if wide > 0 or barriers:
                found[view] = (wide, barriers)
    assert found == {}


async def test_every_target_can_be_hit_with_a_finger(ana: Visitor, world: World) -> None:
    async for view in _every_view(ana, world):
        for target in await ana.page.locator("button:visible, a:visible, label.option").all():
            box = await target.bounding_box()
            text = await target.text_content()
            assert box is not None
            if text and box["y"] >= 0:  # the skip link is above the page until it has the focus
                assert min(box["width"], box["height"]) >= 24, (view, text)


async def _tab_to(visitor: Visitor, name: str, key: str = "Tab") -> None:
    """Press Tab until what has this name has the focus."""
    for _ in range(60):
        await visitor.page.keyboard.press(key)
        focused = await visitor.page.evaluate(
            """() => { const e = document.activeElement;
              return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent
                ?? e.textContent }"""
        )
        if focused == name:
            return
    raise AssertionError(f"no {name!r} within sixty Tabs")


async def test_the_keyboard_alone_moves_a_session(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    keyboard = ana.page.keyboard
    await ana.open(session_id)
    await _tab_to(ana, "Reschedule")
    await keyboard.press("Enter")
    await ana.see("Choose a new time")
    await expect(ana.button("11:00 AM")).to_be_visible()
    await _tab_to(ana, "Thursday, December 3, 14 free times")
    await keyboard.press("ArrowDown")
    await keyboard.press("ArrowRight")
    await keyboard.press("Home")
    await keyboard.press("End")
    await keyboard.press("ArrowLeft")
    focused = ana.page.locator(":focus")
    await expect(focused).to_have_attribute("data-date", "2026-12-11")
    await keyboard.press("PageDown")
    await expect(focused).to_have_attribute("data-date", "2027-01-11")
    await expect(focused).to_have_accessible_name("Monday, January 11, 15 free times")
    await keyboard.press("PageUp")
    await expect(focused).to_have_accessible_name("Friday, December 11, 15 free times")
    await keyboard.press("Enter")
    await ana.read("Free times on Friday, December 11")
    await _tab_to(ana, "9:30 AM")
    await keyboard.press("Enter")
    await ana.see("Confirm your new time")
    await _tab_to(ana, "Work")
    await keyboard.press("ArrowRight")
    await expect(ana.page.get_by_role("radio", name="I am unwell")).to_be_checked()
    await _tab_to(ana, "Confirm")
    await keyboard.press("Enter")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == NOW + timedelta(days=11, minutes=-30)


async def test_the_skip_link_is_first_and_leads_to_the_content(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    skip = ana.page.get_by_role("link", name="Skip to the content")
    await skip.focus()
    await expect(skip).to_be_in_viewport()
    await ana.page.keyboard.press("Enter")
    await expect(ana.page.get_by_role("main")).to_be_focused()
    assert ana.page.url == ana.settings.portal_url


async def test_the_calendar_reads_as_a_grid(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    grid = ana.page.get_by_role("grid", name="December 2026")
    await expect(grid.get_by_role("gridcell", selected=True)).to_have_text("3")
    empty = grid.get_by_role("button", name="Saturday, December 5, no free times")
    await expect(empty).to_be_disabled()
    await expect(grid.locator("[tabindex='0']")).to_have_count(1)
    await expect(ana.page.get_by_role("status")).to_contain_text("days with free times")
