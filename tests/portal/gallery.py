"""Pictures of every view of the portal, for people to look at: `make gallery`.

Not a test: it fails only where a view cannot be reached. `GALLERY` names the folder, `GALLERY_ONLY`
may name a part of a view's name.
"""

import os
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from app.configuration.settings import Settings
from app.domain.session import Format
from app.tables.practices import Location, Practice, Practitioner, Service
from tests.portal.visitor import Visitor, arrive
from tests.world import NOW, TestClock, World

FOLDER = Path(os.environ.get("GALLERY", ".data/gallery"))
FOLDER.mkdir(parents=True, exist_ok=True)
ONLY = os.environ.get("GALLERY_ONLY", "")
LOCALES = {"en": "en-US", "de": "de-DE", "fr": "fr-FR", "es": "es-ES"}
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
START = NOW + timedelta(days=1)
LATER = NOW + timedelta(days=10)
POLICY = {
    "cancel": {
        "closes": {"before_minutes": 60},
        "fees": [{"deadline": {"before_minutes": 2000}, "amount_minor": 6000}],
    },
    "reschedule": {"closes": {"before_minutes": 60}, "fees": []},
}
LONG_POLICY = (
    "Plans change, and that is all right. Please tell us a day ahead, so that somebody who is "
    "waiting can have your time.\nWithin the last day we charge half of the price. If you are ill, "
    "choose that reason and we look at it together.\nOur practice is in the yard, on the second "
    "floor; the lift is on the left.\nFor questions see https://harbor.example/policy.\n"
    "Thank you for your understanding, and see you soon."
)


@pytest.fixture(scope="session", autouse=True)
def index() -> Iterator[None]:
    """Write a page that shows all pictures, a row for each view and language."""
    yield
    rows: dict[str, list[str]] = {}
    for path in sorted(FOLDER.glob("*.png")):
        rows.setdefault(re.split(r"-(?:phone|desktop)-", path.name)[0], []).append(path.name)
    images = {
        row: "".join(f"<img src={name} alt={name} loading=lazy>" for name in names)
        for row, names in rows.items()
    }
    shown = "".join(f"<h2>{row}</h2><p>{pictures}</p>" for row, pictures in images.items())
    style = "<style>img{height:26rem;margin:.3rem;vertical-align:top}body{background:#999}</style>"
    (FOLDER / "index.html").write_text(f"<!doctype html><title>Portal</title>{style}{shown}")


class Painter:
    """Takes the pictures of one walk."""

    def __init__(self, visitor: Visitor, language: str) -> None:
        self.visitor, self.language = visitor, language

    async def paint(self, name: str, *, whole: bool = True) -> None:
        """Take the present view in all sizes and colours; in other languages than English fewer."""
        if ONLY not in name:
            return
        page = self.visitor.page
        for size, (width, height) in SIZES.items():
            await page.set_viewport_size({"width": width, "height": height})
            for scheme in SCHEMES:
                if self.language != "en" and (size, scheme) != ("phone", "light"):
                    continue
                await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
                path = FOLDER / f"{name}-{self.language}-{size}-{scheme}.png"
                await page.screenshot(path=path, full_page=whole and size == "desktop")
                if size == "phone" and whole:
                    await _whole(page, FOLDER / f"{name}-{self.language}-{size}-{scheme}-whole.png")
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.emulate_media(color_scheme="light")


async def _whole(page: Page, path: Path) -> None:
    await page.screenshot(path=path, full_page=True)


@pytest.mark.parametrize("language", LOCALES)
async def test_paint(
    browser: Browser, site: Settings, world: World, clock: TestClock, language: str
) -> None:
    await world.add_policy(POLICY, text=LONG_POLICY)
    await world.change(
        Location, world.location_id, address="1 Harbor Street\nSecond floor\nNew York, NY 10001"
    )
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    session_id = await world.book(START, **place)
    online = await world.book(LATER)
    async with arrive(
        browser, site, world, clock, size=SIZES["phone"], locale=LOCALES[language]
    ) as ana:
        painter = Painter(ana, language)
        await _walk(ana, painter, session_id, online)
    await _long_and_empty(browser, site, world, clock, language)


async def _walk(ana: Visitor, painter: Painter, session_id: UUID, online: UUID) -> None:
    page = ana.page
    await page.goto(f"{ana.settings.portal_url}#{ana.world.link_token(session_id)}")
    await page.locator(".details").wait_for()
    await page.locator("#switch").wait_for()
    await painter.paint("details-in-person")
    await page.locator("#go-reschedule").click()
    await page.locator(".slot").first.wait_for()
    await page.locator("table[aria-busy=true]").first.wait_for(state="detached")
    await painter.paint("reschedule")
    await page.locator(".slot").nth(3).click()
    await page.locator(".swap").wait_for()
    await painter.paint("confirm")
    await page.locator("form .primary").click()
    await page.locator(".success").wait_for()
    await painter.paint("done-moved")
    await page.locator("#back").click()
    await page.locator("#go-cancel").click()
    await page.locator("form .primary").wait_for()
    await painter.paint("cancel")
    await page.get_by_role("radio").nth(1).check()
    await page.locator("form .primary").click()
    await page.locator(".success").wait_for()
    await painter.paint("done-cancelled")
    await page.locator("#back").click()
    await page.locator(".details").wait_for()
    await painter.paint("details-cancelled")
    await page.goto("about:blank")
    await page.goto(f"{ana.settings.portal_url}#{ana.world.link_token(online)}")
    await page.locator("#join, .meeting").first.wait_for()
    await painter.paint("details-online")
    await page.goto("about:blank")
    await page.goto(ana.settings.portal_url)
    await page.locator("main h1").wait_for()
    await painter.paint("start")
    await page.locator("details summary").first.click()
    await page.locator("#token").fill(ana.world.token())
    await page.locator("details form button").click()
    await page.locator(".cards").wait_for()
    await painter.paint("list")
    for number, name in ((1, "past"), (2, "packages"), (3, "fees")):
        await page.locator(".section").nth(number).click()
        await (
            page.locator(f".section >> nth={number}")
            .and_(page.locator("[aria-current]"))
            .wait_for()
        )
        await page.locator("main h1").wait_for()
        await painter.paint(name)


async def _long_and_empty(
    browser: Browser, site: Settings, world: World, clock: TestClock, language: str
) -> None:
    """The longest names, and a client who has nothing."""
    name = "Prof. Dr. Maximiliane-Friederike von der Schulenburg-Wolfsburg"
    await world.change(Practitioner, world.practitioner_id, name=name)
    await world.change_all(
        Practice, name="Gemeinschaftspraxis für Physiotherapie und Osteopathie am Hafen"
    )
    await world.change(
        Service,
        world.service_id,
        name="Krankengymnastik auf neurophysiologischer Grundlage nach Bobath",
    )
    session_id = await world.book(LATER + timedelta(hours=2))
    async with arrive(
        browser, site, world, clock, size=SIZES["phone"], locale=LOCALES[language]
    ) as ana:
        painter = Painter(ana, language)
        await ana.page.goto(ana.link(session_id))
        await ana.page.locator("#switch").wait_for()
        await painter.paint("details-long-names")
        await ana.page.locator("#go-reschedule").click()
        await ana.page.locator(".slot").first.wait_for()
        await painter.paint("reschedule-long-names")
    nobody = await world.add_client(name="Bo", email="bo@client.example")
    async with arrive(
        browser, site, world, clock, size=SIZES["phone"], locale=LOCALES[language]
    ) as bo:
        painter = Painter(bo, language)
        await bo.page.goto(site.portal_url)
        await bo.page.locator("details summary").first.click()
        await bo.page.locator("#token").fill(world.token(nobody))
        await bo.page.locator("details form button").click()
        await expect(bo.page.locator("main h1")).to_be_focused()
        await painter.paint("list-empty")
