"""The practice's look, and what leads: the place's clock in person, the viewer's online."""

import colorsys
import re
from datetime import timedelta
from typing import Any

from playwright.async_api import Browser, Route, expect

from app.configuration.settings import Settings
from app.domain.session import Format
from app.tables.practices import Practitioner
from tests.portal.test_faults import START
from tests.portal.visitor import SCHEMES, SMALL_PHONE, Visitor, arrive
from tests.world import NOW, TestClock, World

LOOK = {"accent": "#ffd400", "logo_url": "/portal/icon.svg", "welcome": "Good to see you.",
        "footer": "Member of the chamber.\nVAT 1234"}  # fmt: skip
PARIS: dict[str, Any] = {"timezone_id": "Europe/Paris", "locale": "en-GB"}


async def wear(visitor: Visitor, **look: Any) -> None:
    """Let the API answer with a practice's look, as it does where the practice has one."""

    async def answer(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        body["practice"] |= {"website": "https://harbor.example", "address": "1 Harbor Street"}
        body["practice"]["look"] = LOOK | look
        await route.fulfill(response=real, json=body)

    await visitor.page.route("**/v1/me", answer)


async def test_the_practices_name_logo_and_footer_stand_around_the_page(
    ana: Visitor, world: World
) -> None:
    await wear(ana)
    await ana.open(await world.book(START))
    await expect(ana.page.locator("#logo")).to_be_visible()
    await expect(ana.page.locator("#about")).to_contain_text("Member of the chamber.")
    await expect(ana.page.get_by_text("Good to see you.")).to_be_visible()
    website = ana.page.get_by_role("link", name="harbor.example", exact=True)
    await expect(website).to_have_attribute("href", "https://harbor.example")
    await ana.check_on_a_phone()


async def test_a_logo_of_another_host_is_not_loaded(ana: Visitor, world: World) -> None:
    await wear(ana, logo_url="https://evil.example/logo.png")
    await ana.open(await world.book(START))
    await expect(ana.page.locator("#about")).to_contain_text("Member of the chamber.")
    await expect(ana.page.locator("#logo")).to_be_hidden()


async def test_every_accent_has_enough_contrast_in_light_and_dark(ana: Visitor) -> None:
    accents = ["#000000", "#ffffff", "#ffd400", "#808080"]
    for hue in range(0, 360, 15):
        for lightness in (0.15, 0.5, 0.85):
            red, green, blue = (
                round(255 * part) for part in colorsys.hls_to_rgb(hue / 360, lightness, 0.9)
            )
            accents.append(f"#{red:02x}{green:02x}{blue:02x}")
    await ana.page.goto(ana.settings.portal_url)
    worst = await ana.page.evaluate(
        """async (accents) => {
          const {coloursOf, contrast} = await import('/portal/look.js');
          const tinted = (card, colour, share) =>
            card.map((part, at) => part + (colour[at] - part) * share);
          const parts = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
          return accents.map((accent) => {
            const {light, onLight, dark, onDark} = coloursOf(accent);
            return Math.min(
              contrast(parts(light), [255, 255, 255]), contrast(parts(light), [232, 238, 243]),
              contrast(parts(light), parts(onLight)), contrast(parts(dark), parts(onDark)),
              contrast(parts(dark), [24, 32, 38]), contrast(parts(dark), [33, 43, 52]),
              contrast(parts(light), tinted([255, 255, 255], parts(light), 0.12)),
              contrast(parts(dark), tinted([24, 32, 38], parts(dark), 0.16)));
          });
        }""",
        accents,
    )
    assert min(worst) >= 4.5


async def test_a_yellow_practice_passes_the_check_of_every_colour(
    ana: Visitor, world: World
) -> None:
    await wear(ana)
    await ana.open(await world.book(START))
    await expect(ana.page.locator("#about")).to_contain_text("Member")
    await ana.check_on_a_phone()
    await ana.press("Reschedule")
    await expect(ana.page.locator(".slot").first).to_be_visible()
    await ana.check_on_a_phone()


async def test_in_person_the_clock_of_the_place_leads(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    session_id = await world.book(START, **place)
    async with arrive(browser, site, world, clock, **PARIS) as ben:
        await ben.open(session_id)
        await expect(ben.page.locator(".when .time")).to_contain_text("10:00 to 10:50")
        await ben.read("16:00 to 16:50 for you (Central European Standard Time)")
        await expect(ben.page.locator("#zone")).to_have_count(0)
        await ben.press("Reschedule")
        await ben.read("Times are in Eastern Standard Time.")
        await ben.press("11:00")
        await ben.see("Confirm your new time")
        await ben.press("Confirm")
        await ben.see("Your session has moved")
        await ben.read("11:00 to 11:50")


async def test_online_the_viewers_clock_leads_and_can_be_switched(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    session_id = await world.book(START)
    async with arrive(browser, site, world, clock, **PARIS) as ben:
        await ben.open(session_id)
        await expect(ben.page.locator(".when .time")).to_contain_text("16:00 to 16:50")
        await ben.press("Show in Eastern Standard Time")
        await expect(ben.page.locator(".when .time")).to_contain_text("10:00 to 10:50")
        await ben.press("Reschedule")
        await expect(ben.button("11:00")).to_be_visible()
        await ben.page.go_back()
        await ben.press("Show in Central European Standard Time")
        await expect(ben.page.locator(".when .time")).to_contain_text("16:00 to 16:50")


async def test_the_card_says_tomorrow_with_whom_and_where(ana: Visitor, world: World) -> None:
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    await ana.open(await world.book(NOW + timedelta(days=1), **place))
    await expect(ana.page.locator(".when .day")).to_have_text("Tomorrow, 10:00 AM")
    assert re.sub(r"\s+", "", await ana.page.locator(".tile").inner_text()) == "Dec1Tue"
    await ana.read("with Dr. Maya Chen")
    await expect(ana.page.locator(".face")).to_have_text("MC")
    way = ana.page.get_by_role("link", name="Open in maps")
    address = await way.get_attribute("href")
    assert address is not None
    assert "query=Harbor+Street%2C+1+Harbor+Street" in address


async def test_a_photo_of_our_own_stands_for_the_initials(ana: Visitor, world: World) -> None:
    async def answer(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        body["session"]["practitioner"]["photo_url"] = "/portal/icon.svg"
        await route.fulfill(response=real, json=body)

    await ana.page.route("**/v1/links/open", answer)
    await ana.open(await world.book(START))
    await expect(ana.page.locator("img.face")).to_be_visible()


async def test_the_two_ways_out_stay_at_the_bottom_of_a_phone(ana: Visitor, world: World) -> None:
    width, height = SMALL_PHONE
    await ana.page.set_viewport_size({"width": width, "height": height})
    await ana.open(await world.book(START))
    for name in ("Reschedule", "Cancel session"):
        await expect(ana.button(name)).to_be_in_viewport(ratio=1)
        await expect(ana.button(name)).to_have_accessible_description("Free until it starts")
    await expect(ana.page.locator("#switch")).to_be_attached()  # it comes late
    await ana.page.evaluate("scrollTo(0, document.body.scrollHeight)")
    await expect(ana.button("Reschedule")).to_be_in_viewport(ratio=1)
    # Nothing lies behind the bar for good.
    bar = await ana.page.locator(".bar").bounding_box()
    last = await ana.page.locator("main > * > :last-child").last.bounding_box()
    assert bar is not None
    assert last is not None
    assert last["y"] + last["height"] <= bar["y"] + 1


async def test_times_are_never_below_the_fold(ana: Visitor, world: World) -> None:
    for width, height in (SMALL_PHONE, (1280, 900)):
        await ana.page.set_viewport_size({"width": width, "height": height})
        await ana.page.goto("about:blank")
        await ana.page.goto(f"{ana.link(await world.book(START + timedelta(hours=width)))}")
        await ana.press("Reschedule")
        await expect(ana.page.locator(".chip").first).to_be_in_viewport(ratio=1)
        await expect(ana.page.locator(".slot").first).to_be_in_viewport(ratio=1)
        await expect(ana.page.locator(".slot").nth(2)).to_be_in_viewport(ratio=1)


async def test_the_soonest_and_the_likeliest_time_are_chips(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Reschedule")
    chips = ana.page.locator(".chip:not(.ghost)")
    await expect(chips).to_have_text(
        [re.compile(r"^Soonest Mon, Nov 30, 11:00"), re.compile(r"^Most like now Thu, Dec 3, ")]
    )
    await chips.first.click()
    await ana.see("Confirm your new time")
    await ana.press("Confirm")
    await ana.see("Your session has moved")


async def test_print_shows_the_card_and_no_buttons(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.page.emulate_media(media="print")
    await expect(ana.page.locator(".when .day")).to_be_visible()
    await expect(ana.page.locator(".bar")).to_be_hidden()
    await expect(ana.page.get_by_label("Language")).to_be_hidden()


async def test_at_twice_the_text_no_view_is_too_wide(ana: Visitor, world: World) -> None:
    width, height = SMALL_PHONE
    await ana.page.set_viewport_size({"width": width, "height": height})
    await ana.open(await world.book(START))
    await ana.page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await ana.overflow() == 0
    await ana.press("Reschedule")
    await expect(ana.page.locator(".slot").first).to_be_visible()
    assert await ana.overflow() == 0
    await ana.press("11:00 AM")
    await ana.see("Confirm your new time")
    assert await ana.overflow() == 0
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    assert await ana.overflow() == 0
    for scheme in SCHEMES:
        await ana.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        assert await ana.barriers() == []


async def test_a_long_policy_is_folded_below_the_cost(ana: Visitor, world: World) -> None:
    lines = "\n".join(f"Line {number} of the policy." for number in range(12))
    await world.add_policy({}, text=lines)
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.see("Cancel this session?")
    cost, policy = ana.page.locator("form .message").first, ana.page.locator(".folded")
    boxes = [await one.bounding_box() for one in (cost, policy)]
    assert boxes[0] is not None
    assert boxes[1] is not None
    assert boxes[0]["y"] < boxes[1]["y"]
    folded = boxes[1]["height"]
    await ana.press("Show all")
    await expect(ana.button("Show less")).to_have_attribute("aria-expanded", "true")
    open_box = await policy.bounding_box()
    assert open_box is not None
    assert open_box["height"] > 2 * folded


async def test_what_changes_is_marked(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    assert await ana.page.locator(".changed").all_inner_texts() == ["11:00 AM to 11:50 AM"]
    await expect(ana.page.get_by_role("radio", name="Prefer not to say")).to_be_checked()


async def test_afterwards_the_session_goes_into_any_calendar(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.choose_time("11:00 AM")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    google = await ana.button("Google").get_attribute("href")
    outlook = await ana.button("Outlook").get_attribute("href")
    assert google is not None
    assert outlook is not None
    assert google.startswith("https://calendar.google.com/calendar/render?action=TEMPLATE")
    assert "dates=20261203T160000Z%2F20261203T165000Z" in google
    assert outlook.startswith("https://outlook.live.com/calendar/0/deeplink/compose?")
    assert "startdt=2026-12-03T16%3A00%3A00.000Z" in outlook
    for address in (google, outlook):
        assert "WyJ" not in address
    async with ana.page.expect_download():
        await ana.press("Apple (file)")
    await ana.check_on_a_phone()


async def test_after_a_cancellation_the_person_learns_whom_to_ask(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    await ana.read("Ask the practice for another time")
    call = ana.page.get_by_role("link", name="Call +1 212 555 0100")
    await expect(call.first).to_be_visible()


async def test_after_a_cancellation_the_person_books_again_where_that_is_possible(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({"rebook": {"days": 30, "fee": "credited"}})
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    await ana.press("Book again")
    await ana.see("Choose a new time")


async def test_without_javascript_the_page_says_what_to_do(
    browser: Browser, site: Settings
) -> None:
    context = await browser.new_context(java_script_enabled=False, locale="fr-FR")
    try:
        page = await context.new_page()
        await page.goto(site.portal_url)
        words = page.locator("noscript p")
        await expect(words).to_be_visible()
        await expect(words).to_contain_text("Cette page a besoin de JavaScript.")
        await expect(page.locator("#waiting")).to_be_hidden()
    finally:
        await context.close()


async def test_titles_are_no_part_of_a_practitioners_initials(ana: Visitor, world: World) -> None:
    await world.change(Practitioner, world.practitioner_id, name="Prof. Dr. Noa van Dijk")
    await ana.open(await world.book(START))
    await expect(ana.page.locator(".face")).to_have_text("ND")
