"""The field for a link from a message is sent once, and loses nothing."""

import asyncio

from playwright.async_api import Locator, Route, expect

from tests.portal.visitor import Visitor
from tests.world import World

ME = "**/v1/me"


async def _fill(ana: Visitor, text: str) -> Locator:
    await ana.page.goto(ana.settings.portal_url)
    await ana.see("Sign in")
    await ana.page.get_by_text("I have a link from a message").click()
    field = ana.page.get_by_label("Link from the message")
    await field.fill(text)
    return field


async def test_a_second_press_changes_nothing_and_the_first_can_be_seen(
    ana: Visitor, world: World
) -> None:
    await _fill(ana, world.token())
    arrived = asyncio.Event()

    async def hold(route: Route) -> None:
        await arrived.wait()
        await route.continue_()

    await ana.page.route(ME, hold)
    button = ana.button("Open")
    await button.click()
    await expect(button).to_have_attribute("data-busy", "")
    await expect(ana.page.locator("#status")).to_have_text("One moment…")
    await button.click()
    await expect(ana.alert).to_have_count(0)
    arrived.set()
    await ana.see("Your upcoming sessions")


async def test_without_a_network_it_can_be_tried_again(ana: Visitor, world: World) -> None:
    field = await _fill(ana, token := world.token())
    await ana.page.route(ME, lambda route: route.abort())
    await ana.press("Open")
    await expect(ana.alert).to_be_focused()
    await expect(field).to_have_value(token)
    await expect(ana.button("Open")).not_to_have_attribute("data-busy", "")
    await ana.page.unroute(ME)
    await ana.press("Try again")
    await ana.see("Your upcoming sessions")


async def test_a_missing_link_is_said_at_its_field(ana: Visitor) -> None:
    field = await _fill(ana, " ")
    await ana.press("Open")
    await expect(field).to_be_focused()
    await expect(field).to_have_attribute("aria-invalid", "true")
    words = "Please paste a link first. Copy the link in the message, and paste it here."
    await expect(field).to_have_accessible_description(words)
