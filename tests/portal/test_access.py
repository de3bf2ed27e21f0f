"""Accessibility: keyboard, assistive technology, small windows, light and dark."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Literal

import pytest
from playwright.async_api import expect

from app.domain.session import Format
from app.portal.site import FILES
from app.tables.sessions import Session
from tests.portal.front_door import FrontDoor
from tests.portal.postman import link_in
from tests.portal.visitor import DESKTOP, NARROW, PHONE, RESCHEDULE, Visitor, answer_with
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 4350}, "amount_minor": 4500}]}}


async def _every_view(door: FrontDoor, staff: Api) -> AsyncIterator[str]:  # noqa: PLR0915 - a walk
    """Visit every view of the page and yield the name of each."""
    visitor, page, world = door.visitor, door.visitor.page, door.visitor.world
    await page.goto(visitor.settings.portal_url)
    await visitor.see("Sign in")
    yield "start"
    await visitor.press("Send me a link")
    await visitor.read("Please type a whole email address")
    await page.get_by_text("I have a link from a message").click()
    await visitor.press("Open")
    await expect(visitor.alert).to_be_visible()
    yield "start with messages"
    await page.get_by_label("Email address").fill("ana@client.example")
    await visitor.press("Send me a link")
    await visitor.read("an email is on its way")
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
        "format": Format.IN_PERSON,
    }
    await world.book(START + timedelta(days=1), **other)
    await world.add_policy(LATE, now=NOW - timedelta(days=30))
    session_id = await world.book(START)
    for days in (7, 8):
        past = await world.book(NOW - timedelta(days=days), now=NOW - timedelta(days=9))
        path = f"/v1/practice/sessions/{past}/noshow"
        missed = (await staff.post(path, {"charge_fee": True})).json()
    fee = missed["session"]["fees"][0]["id"]
    waived = await staff.post(f"/v1/practice/fees/{fee}/waive", {"reason": {"note": "Ill."}})
    assert waived.status_code == 200
    await world.add_package(expires_at=NOW + timedelta(days=60))
    link = link_in(await door.postman.bring_sign_in())
    await page.evaluate("link => { location.href = link }", link)
    await visitor.see("You are almost there")
    yield "sign in"
    await visitor.press("Sign in")
    for section in ("Past and cancelled", "Packages", "Fees"):
        await visitor.press(section)
        noun = " sessions" if section.startswith("Past") else ""
        await visitor.see(f"Your {section.lower()}{noun}")
        yield section
    await visitor.press("Sign out everywhere")
    await visitor.see("Sign out everywhere?")
    yield "sign out everywhere"
    await visitor.press("Stay signed in")
    await visitor.see("Your upcoming sessions")
    yield "list"
    await page.get_by_role("link", name="Massage").click()
    await visitor.see("Massage, 60 min")
    yield "refusal"
    await visitor.press("All sessions")
    await page.get_by_role("link", name="Follow-up").click()
    await visitor.see("Follow-up")
    await page.get_by_text("All deadlines and costs").click()
    await page.get_by_text("What has happened so far").click()
    await visitor.read("Booked for Thursday, December 3")
    await visitor.read("Keep the time, but switch to:")
    await page.get_by_text("Rather sooner?").click()
    await page.get_by_text("Only certain times?").click()
    await page.get_by_role("checkbox", name="Wednesday").check()
    yield "details"
    await visitor.press("Cancel session")
    await visitor.see("Cancel this session?")
    await visitor.press("Cancel for $45.00")
    await visitor.read("Please choose a reason.")
    yield "cancel with a mistake"
    await visitor.press("Keep my session")
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
    await expect(visitor.button("Confirm for $45.00")).to_have_count(0)
    await page.locator(".alternatives .secondary").first.click()
    await visitor.press("Confirm for $45.00")
    await visitor.see("Your session has moved")
    yield "done"
    await world.end(session_id, "noshow")
    await visitor.press("Back to my session")
    await visitor.see("Follow-up")
    yield "the session afterwards"


SIZES = {"narrow": NARROW, "phone": PHONE, "desktop": DESKTOP}


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_no_view_has_an_accessibility_defect_or_is_too_wide(
    ana: Visitor, door: FrontDoor, staff: Api, scheme: Literal["light", "dark"]
) -> None:
    """One visit is enough for all sizes: only the style sheet depends on the window's size."""
    found = {}
    await ana.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    async for view in _every_view(door, staff):
        for name, (width, height) in SIZES.items():
            await ana.page.set_viewport_size({"width": width, "height": height})
            wide = await ana.overflow()
            barriers = await ana.barriers()
            if wide > 0 or barriers:
                found[view, name] = (wide, barriers)
    assert found == {}


def test_only_the_style_sheet_depends_on_the_windows_size() -> None:
    for path in FILES.rglob("*.js"):
        for word in ("matchMedia", "innerWidth", "clientWidth", "onresize", '"resize"'):
            assert word not in path.read_text(), path.name


async def test_every_target_is_large_enough_for_a_finger(
    ana: Visitor, door: FrontDoor, staff: Api
) -> None:
    async for view in _every_view(door, staff):
        for text, top, side in await ana.page.evaluate(
            """() => [...document.querySelectorAll('button, a, label.option')]
              .filter(e => e.checkVisibility()).map(e => [e, e.getBoundingClientRect()])
              .map(([e, box]) => [e.textContent, box.y, Math.min(box.width, box.height)])"""
        ):
            if text and top >= 0:  # the skip link is above the page until it has the focus
                assert side >= 24, (view, text)


async def _tab_to(visitor: Visitor, name: str, key: str = "Tab") -> None:
    """Press Tab until the element with this name has the focus."""
    for _ in range(60):
        await visitor.page.keyboard.press(key)
        focused = await visitor.page.evaluate(
            """() => { const e = document.activeElement;
              return e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent
                ?? document.getElementById(e.getAttribute('aria-labelledby'))?.textContent
                ?? e.textContent }"""
        )
        if focused == name:
            return
    raise AssertionError(f"no {name!r} within sixty Tabs")


async def test_a_session_is_moved_with_the_keyboard_only(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    keyboard = ana.page.keyboard
    await ana.on_a_desktop()
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
    await _tab_to(ana, "Prefer not to say")
    await keyboard.press("ArrowRight")
    await expect(ana.page.get_by_role("radio", name="Work")).to_be_checked()
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
    assert ana.page.url.startswith(f"{ana.settings.portal_url}#/sessions/")


async def test_the_calendar_reads_as_a_grid(ana: Visitor, world: World) -> None:
    await ana.on_a_desktop()
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    grid = ana.page.get_by_role("grid", name="December 2026")
    await expect(grid.get_by_role("gridcell", selected=True)).to_have_text("3")
    empty = grid.get_by_role("button", name="Saturday, December 5, no free times")
    await expect(empty).to_be_disabled()
    await expect(grid.locator("[tabindex='0']")).to_have_count(1)
    await expect(ana.page.get_by_role("status")).to_contain_text("days with free times")
