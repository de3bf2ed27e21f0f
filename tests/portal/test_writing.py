"""The page's formatting of times, zones and money, in a real browser."""

from typing import Any

import pytest
from playwright.async_api import Browser

from app.configuration.settings import Settings
from app.standards.currencies import DECIMALS
from tests.portal.visitor import Visitor, arrive
from tests.world import TestClock, World

FORMAT = "/portal/format.js"
OVER_THE_CHANGE = ("2026-11-01T05:30:00Z", "2026-11-01T06:20:00Z")


async def written(visitor: Visitor, expression: str, argument: Any = None) -> Any:
    """Evaluate an expression with the page's module `format`."""
    await visitor.page.goto(visitor.settings.portal_url)
    return await visitor.page.evaluate(
        f"""async (given) => {{
          await (await import('/portal/strings.js')).speak('en');
          const format = await import('{FORMAT}');
          return {expression}; }}""",
        argument,
    )


async def test_every_currency_has_the_decimals_of_iso_4217(ana: Visitor) -> None:
    amounts = [
        {"amount_minor": 1234567, "currency": code, "decimals": decimals}
        for code, decimals in DECIMALS.items()
    ]
    shown = await written(ana, "given.map((amount) => format.money(amount))", amounts)
    digits = ["".join(filter(str.isdigit, text)) for text in shown]
    assert digits == ["1234567"] * len(DECIMALS)
    decimals = [len(text.partition(".")[2]) for text in shown]
    assert decimals == list(DECIMALS.values())


@pytest.mark.parametrize(
    ("locale", "day", "time", "first_day"),
    [
        ("en-US", "Thursday, December 3", "3:00 PM", 7),
        ("en-GB", "Thursday 3 December", "15:00", 1),
        ("nl-NL", "Thursday, 3 December", "15:00", 1),
        ("nl", "Thursday, 3 December", "15:00", 1),
        ("sr-RS", "Thursday, 3 December", "15:00", 1),
        ("en-RS", "Thursday, 3 December", "15:00", 1),
        ("ar-EG", "Thursday, 3 December", "3:00 pm", 6),
    ],
)
async def test_dates_use_the_english_format_of_the_region(
    browser: Browser,
    site: Settings,
    world: World,
    clock: TestClock,
    locale: str,
    day: str,
    time: str,
    first_day: int,
) -> None:
    async with arrive(browser, site, world, clock, locale=locale, timezone_id="UTC") as visitor:
        instant = "2026-12-03T15:00:00Z"
        shown = await written(
            visitor,
            "[format.day(given), format.time(given), format.firstDayOfWeek()]",
            instant,
        )
    assert shown == [day, time, first_day]


async def test_the_first_language_of_the_browser_names_the_region(ana: Visitor) -> None:
    """A Dutch browser has American English among its languages, as the last one."""
    await ana.page.add_init_script(
        "Object.defineProperty(navigator, 'languages', {get: () => ['nl-NL', 'en-US', 'en']})"
    )
    assert await written(ana, "format.locale()") == "en-NL"


async def test_start_and_end_name_their_zone_if_the_clocks_change_between_them(
    ana: Visitor,
) -> None:
    shown = await written(
        ana, "[format.span(...given), format.zoneNames(given)]", list(OVER_THE_CHANGE)
    )
    assert shown == [
        "1:30 AM EDT to 1:20 AM EST",
        "Eastern Daylight Time, then Eastern Standard Time",
    ]


async def test_a_time_that_occurs_twice_names_its_zone(ana: Visitor) -> None:
    instants = [f"2026-11-01T{hour}:30:00Z" for hour in ("04", "05", "06", "07")]
    assert await written(ana, "given.map((instant) => format.time(instant))", instants) == [
        "12:30 AM",
        "1:30 AM EDT",
        "1:30 AM EST",
        "2:30 AM",
    ]
    assert await written(ana, "format.short(given)", instants[1]) == "Sun, Nov 1, 1:30 AM EDT"


async def test_irish_summer_time_has_the_correct_name(ana: Visitor) -> None:
    instants = ["2026-01-15T12:00:00Z", "2026-07-15T12:00:00Z"]
    names = await written(ana, "given.map((at) => format.zoneName(at, 'Europe/Dublin'))", instants)
    assert names == ["Greenwich Mean Time", "Irish Standard Time"]


async def test_a_mail_address_in_a_link_has_an_ascii_domain(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    link = await ana.page.evaluate(
        "async (given) => (await import('/portal/dom.js')).mailto(given)", "maya@faß.example"
    )
    assert link == "mailto:maya@xn--fa-hia.example"
