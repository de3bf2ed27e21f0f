"""Everything can be read on a small phone and with large text."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Route, ViewportSize, expect

from app.configuration.settings import Settings
from app.tables.practices import Practice
from tests.portal.test_move_requests import ask
from tests.portal.visitor import NARROW, Visitor, arrive
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
LATE = {
    name: {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]}
    for name in ("cancel", "reschedule")
}
SMALLEST: ViewportSize = {"width": 320, "height": 568}
# Of 233 characters: more than four lines on a phone.
POLICY = (
    "Plans change, and that is fine. Please tell us two days ahead. Later than that we charge half"
    " of the price, and within the last day all of it. If you are ill, call us before eight in the"
    " morning and you pay nothing at all."
)
LANGUAGES = ["en-US", "de-DE", "fr-FR", "es-ES"]


@pytest.fixture(params=LANGUAGES)
async def everyone(
    request: pytest.FixtureRequest, browser: Browser, site: Settings, world: World, clock: TestClock
) -> AsyncIterator[Visitor]:
    """A client with the smallest phone, in each language."""
    async with arrive(browser, site, world, clock, size=(320, 568), locale=request.param) as one:
        yield one


async def _enlarge(visitor: Visitor, size: str) -> None:
    await visitor.page.evaluate("size => { document.documentElement.style.fontSize = size }", size)


async def _cut(where: Locator) -> list[str]:
    """List the texts that do not fit into their box, which hides the rest."""
    found: list[str] = await where.evaluate_all(
        """(all) => all.filter((one) => one.scrollWidth > one.clientWidth + 1 ||
             one.scrollHeight > one.clientHeight + 1).map((one) => one.innerText)"""
    )
    return found


@pytest.mark.parametrize("length", [150, len(POLICY)])
async def test_a_policy_is_either_whole_or_has_a_button(
    ana: Visitor, world: World, length: int
) -> None:
    await world.add_policy(LATE, text=POLICY[:length])
    await ana.page.set_viewport_size(SMALLEST)
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    policy = ana.page.locator(".policy")
    await expect(policy).to_contain_text(POLICY[:length].rstrip())
    await expect(ana.button("Show all")).to_have_count(0)
    assert await _cut(policy.locator("*")) == []


@pytest.mark.parametrize("size", ["100%", "150%"])
async def test_a_missing_reason_is_said_below_the_question_and_can_be_seen(
    ana: Visitor, world: World, size: str
) -> None:
    await world.add_policy(LATE)
    await ana.page.set_viewport_size(SMALLEST)
    await ana.open(await world.book(START))
    await _enlarge(ana, size)
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    await ana.press("Cancel for $45.00")
    error = ana.page.get_by_text("Please choose a reason.")
    await expect(error).to_be_visible()
    assert await error.evaluate("(one) => one.previousElementSibling.tagName") == "LEGEND"
    box = await error.bounding_box()
    bar = await ana.page.locator(".command > .buttons").bounding_box()
    assert box is not None
    assert bar is not None
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= bar["y"]
    first = ana.page.get_by_role("radio").first
    await expect(first).to_be_focused()
    await expect(first).to_have_accessible_description("Please choose a reason.")


async def test_missing_words_are_said_at_their_field(ana: Visitor, world: World) -> None:
    await ana.page.set_viewport_size(SMALLEST)
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason("Something else")
    await ana.press("Cancel this session")
    words = ana.page.get_by_role("textbox")
    await expect(words).to_be_focused()
    error = ana.page.get_by_text("Please say in a few words why.")
    await expect(error).to_be_in_viewport(ratio=1)
    assert await error.evaluate("(one) => one.nextElementSibling.tagName") == "TEXTAREA"


async def test_what_the_practice_proposes_fits_with_large_text(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id)
    await ana.page.set_viewport_size(SMALLEST)
    await ana.open(session_id)
    await _enlarge(ana, "200%")
    assert await ana.overflow() == 0


@pytest.mark.parametrize("size", ["100%", "125%", "150%"])
async def test_the_bar_hides_nothing_at_the_end_of_the_page(
    everyone: Visitor, world: World, size: str
) -> None:
    await world.change_all(
        Practice, address="1 Harbor Street, New York", website="https://harbor.example"
    )
    await world.add_policy(LATE)
    page = everyone.page
    await page.goto(everyone.link(await world.book(START)))
    await _enlarge(everyone, size)
    bar = page.locator(".bar")
    await expect(bar).to_be_visible()
    last = page.locator("#about p").last
    await expect(last).to_have_text("harbor.example")
    ends = """() => {
      scrollTo(0, document.documentElement.scrollHeight);
      const end = (name) => document.querySelector(name).getBoundingClientRect();
      return end("#about p:last-child").bottom <= end(".bar").top;
    }"""
    await page.wait_for_function(ends)


async def test_a_scarce_day_is_told_in_full_in_the_smallest_window(
    everyone: Visitor, world: World
) -> None:
    page = everyone.page
    await page.goto(everyone.link(await world.book(START)))
    await page.route("**/availability?*", _scarce)
    await page.locator("#go-reschedule").click()
    await expect(page.locator(".by-week .few").first).to_be_visible()
    assert await _cut(page.locator(".by-week .room")) == []
    for few in await page.locator(".by-week .few").all():
        assert await everyone.broken_words(few) == []
    await page.unroute_all(behavior="wait")


async def _scarce(route: Route) -> None:
    """Leave two times of each day: the longest word is that of several."""
    real = await route.fetch()
    body = await real.json()
    for day in body["days"]:
        del day["slots"][2:]
    await route.fulfill(response=real, json=body)


@pytest.mark.parametrize("view", ["cancel", "confirm"])
async def test_the_buttons_of_the_last_step_break_no_word(
    everyone: Visitor, world: World, view: str
) -> None:
    await world.add_policy(LATE)
    page = everyone.page
    await page.goto(everyone.link(await world.book(START)))
    if view == "cancel":
        await page.locator("#go-cancel").click()
    else:
        await page.locator("#go-reschedule").click()
        await page.locator(".slot").first.click()
    buttons = page.locator(".command > .buttons")
    await expect(buttons).to_be_visible()
    # A line may end at a hyphen.
    assert [word for word in await everyone.broken_words(buttons) if "-" not in word] == []
    assert await _cut(buttons.locator("*")) == []
    assert await everyone.overflow() == 0


async def test_what_is_left_has_a_heading_where_nothing_is_open(ana: Visitor, world: World) -> None:
    """There is no bar with the two ways out then: what follows it otherwise stands alone."""
    width, height = NARROW
    await ana.page.set_viewport_size({"width": width, "height": height})
    closed = {name: {"closes": {"before_minutes": 200_000}} for name in ("cancel", "reschedule")}
    await world.add_policy(closed)
    await ana.open(await world.book(START))
    await expect(ana.button("I cannot come")).to_be_visible()
    await expect(ana.page.get_by_role("heading", name="Need to change it?")).to_be_visible()
