"""A client in another zone than the place: deadlines are on the client's own clock, and say so.

Only a session's own time is on the clock of the place.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from app.configuration.settings import Settings
from app.domain.session import Format
from app.tables.sessions import Session
from app.tables.waitlist import Offer
from tests.portal.test_move_requests import ask
from tests.portal.visitor import PHONE, Visitor, arrive
from tests.waiting import offer_token, wait
from tests.world import NOW, Api, TestClock, World

# Thursday, 10:00 in New York, where the session is; 7:00 in Los Angeles, where the client is.
START = NOW + timedelta(days=3)
DAY_BEFORE = {"deadline": {"before_minutes": 1440}, "amount_minor": 4500}
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}


@pytest.fixture
async def ana(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> AsyncIterator[Visitor]:
    """The world's client, who is in Los Angeles."""
    async with arrive(
        browser, site, world, clock, size=PHONE, timezone_id="America/Los_Angeles"
    ) as visitor:
        yield visitor


async def book_in_person(world: World) -> UUID:
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    return await world.book(START, **place)


async def test_the_price_and_the_timeline_name_the_clients_zone(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [DAY_BEFORE], "closes": {"before_minutes": 720}}})
    await ana.open(await book_in_person(world))
    await expect(ana.page.locator(".when .time")).to_contain_text("10:00 AM to 10:50 AM")
    free = "Free until Wed, Dec 2, 7:00 AM PST"
    await expect(ana.page.locator("#price-cancel")).to_contain_text(free)
    await ana.page.get_by_text("All deadlines and costs").click()
    await ana.read("Free of charge until Wed, Dec 2, 7:00 AM PST.")
    await ana.read("For a fee of $45.00 until Wed, Dec 2, 7:00 PM PST.")
    await ana.check_on_a_phone()


async def test_in_the_zone_of_the_place_no_zone_is_named(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> None:
    await world.add_policy({"cancel": {"fees": [DAY_BEFORE]}})
    session_id = await book_in_person(world)
    async with arrive(browser, site, world, clock) as neighbour:
        await neighbour.open(session_id)
        price = neighbour.page.locator("#price-cancel")
        await expect(price).to_have_text("Free until Wed, Dec 2, 10:00 AM")


async def test_a_refusal_names_the_clients_zone(ana: Visitor, world: World) -> None:
    closes = {"closes": {"before_minutes": 6000}}
    await world.add_policy({"cancel": closes, "reschedule": closes})
    await ana.open(await book_in_person(world))
    await ana.read("It was possible until Sun, Nov 29, 3:00 AM PST.")


async def test_a_reserved_time_and_a_change_to_take_back_name_the_clients_zone(
    ana: Visitor, world: World
) -> None:
    await ana.open(await book_in_person(world))
    await ana.choose_time("11:00 AM")
    await ana.read("Reserved for you until 7:05 AM PST.")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    await ana.read("Possible until 7:05 AM PST.")
    await ana.press("Back to my session")
    await ana.page.locator("#history").click()
    await expect(ana.page.locator(".history li").last).to_contain_text(
        "Moved to Thursday, December 3, 11:00 AM"
    )
    await ana.read("Monday, November 30, 7:00 AM PST, by you")


async def test_what_a_move_carries_stands_above_the_bar_of_a_small_phone(
    ana: Visitor, world: World
) -> None:
    cancel = {"fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}]}
    await world.add_policy({"cancel": cancel, "reschedule": {"fees": []}})
    await ana.page.set_viewport_size({"width": 360, "height": 640})
    await ana.open(await book_in_person(world))
    await ana.choose_time("11:00 AM")
    await ana.read("Reserved for you until 7:05 AM PST.")
    carried = await ana.page.get_by_text("Cancelling after this move").bounding_box()
    bar = await ana.page.locator(".command > .buttons").bounding_box()
    assert carried is not None
    assert bar is not None
    assert carried["y"] + carried["height"] <= bar["y"]
    assert bar["y"] + bar["height"] <= 640


async def test_a_move_request_names_the_clients_zone(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await book_in_person(world)
    await ask(staff, session_id)
    await ana.open(session_id)
    await ana.read("Please answer by Wednesday, December 2, 7:00 AM PST.")
    await ana.read("Friday, December 4, 9:00 AM to 9:50 AM")


async def test_what_a_client_has_said_names_their_zone(ana: Visitor, world: World) -> None:
    await ana.open(await book_in_person(world))
    await ana.press("I am coming")
    await ana.read("You told us on Mon, Nov 30, 7:00 AM PST that you are coming.")


async def test_a_released_time_names_the_clients_zone(ana: Visitor, world: World) -> None:
    await world.add_policy({"cancel": {"fees": [LATE], "release": True}})
    await ana.open(await book_in_person(world))
    await ana.press("Give up this time only if somebody takes it")
    await ana.read("offered to others until Thursday, December 3, 5:00 AM PST.")


async def test_a_cancellation_and_its_waiver_name_the_clients_zone(
    ana: Visitor, world: World
) -> None:
    await world.add_policy({"cancel": {"fees": [LATE]}})
    await ana.open(await book_in_person(world))
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.press("Cancel for $45.00")
    await ana.press("Back to my session")
    await ana.read("You cancelled it: Mon, Nov 30, 7:00 AM PST.")
    await ana.page.get_by_text("Ask the practice to waive the fee").click()
    await expect(ana.page.locator(".ask-waiver .small").first).to_contain_text(" AM PST.")


async def test_an_offer_and_the_wish_behind_it_name_the_clients_zone(
    ana: Visitor, world: World, staff: Api
) -> None:
    waiting = await wait(world, staff.signed_in(world.token()))
    place: dict[str, Any] = {"format": Format.IN_PERSON, "location_id": world.location_id}
    for session_id in (waiting.session_id, waiting.taken_id):
        await world.change(Session, session_id, **place)
    offer = await waiting.offered()
    token = offer_token(world, offer.id)
    (row,) = await world.rows(Offer, state="open")
    assert row.answer_by == NOW + timedelta(hours=1)
    await ana.page.goto(f"{ana.settings.portal_url}#offer={token}")
    await ana.see("A time is free for you")
    await ana.read("3:00 PM to 3:50 PM")
    await ana.read("The time is kept for you until Monday, November 30, 8:00 AM PST.")
    await ana.page.goto("about:blank")
    await ana.open(waiting.session_id)
    await ana.page.get_by_text("Rather sooner?").click()
    await ana.read("We have offered you Thursday, December 3, 3:00 PM by email.")
    await ana.read("by Monday, November 30, 8:00 AM PST.")
