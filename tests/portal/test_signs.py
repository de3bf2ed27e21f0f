"""A press that takes long can be seen and heard until its answer is there."""

import asyncio

import pytest
from playwright.async_api import Route, expect

from tests.portal.front_door import FrontDoor
from tests.portal.visitor import Visitor
from tests.waiting import offer_token, wait
from tests.world import Api, World


class Slow:
    """A network that answers a call when it is told to."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()

    async def __call__(self, route: Route) -> None:
        await self.answers.wait()
        await route.continue_()


async def _see_it(ana: Visitor, pressed: str, slow: Slow, over: str) -> None:
    """Press a button and see the sign on it, until the answer is there."""
    button = ana.page.locator(pressed)
    await button.click()
    await expect(button).to_have_attribute("data-busy", "")
    await expect(ana.page.locator("#status")).to_have_text("One moment…")
    slow.answers.set()
    await ana.read(over)
    await expect(ana.page.locator("[data-busy]")).to_have_count(0)
    await expect(ana.page.locator("#status")).to_be_empty()


@pytest.mark.parametrize(
    ("call", "pressed", "over"),
    [("accept", "#accept", "The time is yours"), ("decline", "#decline", "You have said no")],
)
async def test_an_answer_to_an_offer(
    ana: Visitor, world: World, staff: Api, call: str, pressed: str, over: str
) -> None:
    offer = await (await wait(world, staff.signed_in(world.token()))).offered()
    await ana.page.goto(f"{ana.settings.portal_url}#offer={offer_token(world, offer.id)}")
    await ana.see("A time is free for you")
    await ana.page.route(f"**/{call}", slow := Slow())
    await _see_it(ana, pressed, slow, over)


async def test_a_form_and_a_button_of_the_details(ana: Visitor, world: World, staff: Api) -> None:
    waiting = await wait(world, staff.signed_in(world.token()))
    await ana.open(waiting.session_id)
    await ana.page.route("**/confirm", slow := Slow())
    await _see_it(ana, "button#coming", slow, "You told us on")
    await ana.page.get_by_text("Rather sooner?").click()
    await expect(ana.page.locator("#wish-begin")).to_be_visible()
    await ana.page.route("**/wish", slow := Slow())
    await _see_it(ana, "#wish-begin", slow, "You are waiting for an earlier time.")


async def test_sign_out_everywhere(ana: Visitor, door: FrontDoor) -> None:
    await door.sign_in()
    await ana.press("Sign out everywhere")
    await ana.see("Sign out everywhere?")
    await ana.page.route("**/sign-out-everywhere", slow := Slow())
    await _see_it(ana, "main .primary", slow, "signed out")
