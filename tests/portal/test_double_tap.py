"""A press that was meant for the view before starts nothing in the view under the finger."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, expect

from app.configuration.settings import Settings
from app.tables.sessions import Session
from tests.portal.visitor import Visitor, arrive
from tests.world import NOW, TestClock, World

START = NOW + timedelta(days=3)
LATE = {"reschedule": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]}}


@pytest.fixture
async def hasty(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> AsyncIterator[Visitor]:
    """A client who presses twice, at a phone whose clock stands still between the presses."""
    async with arrive(browser, site, world, clock, size=(360, 640), is_patient=False) as visitor:
        await visitor.page.clock.pause_at(clock.now + timedelta(minutes=1))
        yield visitor


async def _look(hasty: Visitor, seconds: float = 1) -> None:
    """Let so much time pass in the page."""
    await hasty.page.clock.run_for(int(seconds * 1000))


async def _place(control: Locator) -> tuple[float, float]:
    """Return the middle of a control."""
    box = await control.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def _go_to_times(hasty: Visitor, world: World) -> None:
    await world.add_policy(LATE)
    session_id = await world.book(START)
    await hasty.open(session_id)
    await _look(hasty)
    await hasty.press("Reschedule")
    await expect(hasty.page.locator(".slot").first).to_be_visible()
    await _look(hasty)


@pytest.mark.parametrize("name", ["Confirm for $45.00", "Keep my session"])
async def test_a_second_tap_presses_nothing_in_the_next_view(
    hasty: Visitor, world: World, name: str
) -> None:
    await _go_to_times(hasty, world)
    page = hasty.page
    await page.locator(".slot").first.click()
    await hasty.see("Confirm your new time")
    at = await _place(hasty.button(name))
    await page.mouse.click(*at)
    await _look(hasty, 0.4)
    await page.mouse.click(*at)
    await page.mouse.click(*at, click_count=2)
    await expect(hasty.heading("Confirm your new time")).to_be_visible()
    assert hasty.sent("/reschedule") == []
    await _look(hasty)
    await hasty.press(name)
    if name.startswith("Confirm"):
        await hasty.see("Your session has moved")
    else:
        await hasty.see("Follow-up")


async def test_a_series_of_presses_that_began_before_the_view_presses_nothing(
    hasty: Visitor, world: World
) -> None:
    """The system may count presses that are more than half a second apart as one double press."""
    await _go_to_times(hasty, world)
    page = hasty.page
    at = await _place(page.locator(".slot").first)
    await page.mouse.click(*at)
    await hasty.see("Confirm your new time")
    await _look(hasty, 2)
    confirm = hasty.button("Confirm for $45.00")
    await confirm.dispatch_event("click", {"detail": 2, "bubbles": True, "cancelable": True})
    assert hasty.sent("/reschedule") == []
    await confirm.click()
    await hasty.see("Your session has moved")
    (session,) = await world.rows(Session)
    assert session.version == 2


async def test_a_key_is_not_a_double_tap(hasty: Visitor, world: World) -> None:
    await _go_to_times(hasty, world)
    await hasty.page.locator(".slot").first.press("Enter")
    await hasty.see("Confirm your new time")
    await hasty.button("Keep my session").press("Enter")
    await hasty.see("Follow-up")


async def test_presses_within_a_view_all_count(hasty: Visitor, world: World) -> None:
    await _go_to_times(hasty, world)
    title = hasty.page.locator("#week")
    before = await title.inner_text()
    again = hasty.page.locator("#next-week")
    await again.click(click_count=2)
    await expect(title).not_to_have_text(before)
    await hasty.page.locator("#previous-week").click(click_count=2)
    await expect(title).to_have_text(before)
