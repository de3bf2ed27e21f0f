"""The link of an offer: it shows both times, and answers only when a person presses a button."""

from datetime import timedelta

import pytest
from playwright.async_api import expect

from app.tables.changes import Change
from app.tables.sessions import Session
from app.tables.waitlist import Offer, Wish
from tests.portal.visitor import Visitor
from tests.waiting import FREED, LATE, WISHES, Waiting, offer_token, wait
from tests.world import NOW, Api, TestClock, World


@pytest.fixture
async def waiting(world: World, staff: Api) -> Waiting:
    return await wait(world, staff.signed_in(world.token()))


async def open_offer(ana: Visitor, world: World) -> None:
    (offer,) = await world.rows(Offer, state="open")
    token = offer_token(world, offer.id)
    await ana.page.goto(f"{ana.settings.portal_url}#offer={token}")
    await ana.see("A time is free for you")


async def test_opening_shows_both_times_and_changes_nothing(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    await waiting.offered()
    before = len(await world.rows(Change))
    for _ in range(3):
        await open_offer(ana, world)
        await ana.page.goto("about:blank")
    await open_offer(ana, world)
    await ana.read("Thursday, December 3")
    await ana.read("3:00 PM to 3:50 PM")
    await ana.read("Your present time")
    await ana.read("Thursday, December 10, 3:00 PM")
    await ana.read("The time is kept for you until Monday, November 30, 11:00 AM.")
    await ana.read("Free of charge.")
    await expect(ana.page.get_by_text("Okoro")).to_have_count(0)
    assert ana.page.url.endswith("/portal/")
    assert ana.sent("/accept") == ana.sent("/decline") == []
    assert len(await world.rows(Change)) == before
    await ana.check_on_a_phone()


async def test_what_cancelling_costs_after_a_yes_is_shown_before_it(
    ana: Visitor, world: World, staff: Api
) -> None:
    late = {"deadline": {"before_minutes": 5 * 24 * 60}, "percent": "50"}
    await world.add_policy({"cancel": {"fees": [late]}})
    waiting = await wait(world, staff.signed_in(world.token()))
    await waiting.offered()
    await open_offer(ana, world)
    await ana.read("As soon as this time is yours, cancelling costs $60.00.")
    await ana.check_on_a_phone()
    await ana.press("Take the new time")
    await ana.see("The time is yours")
    await expect(ana.page.locator("#after")).to_have_count(0)


async def test_until_when_cancelling_is_free_is_shown_before_a_yes(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy({"cancel": {"closes": {"before_minutes": 1440}}})
    waiting = await wait(world, staff.signed_in(world.token()))
    await waiting.offered()
    await open_offer(ana, world)
    await ana.read(
        "Once this time is yours, cancelling is free of charge until "
        "Wednesday, December 2, 3:00 PM."
    )


async def test_one_press_takes_the_new_time(ana: Visitor, world: World, waiting: Waiting) -> None:
    await waiting.offered()
    await open_offer(ana, world)
    await ana.press("Take the new time")
    await ana.see("The time is yours")
    await expect(ana.page.locator("header")).to_contain_text("Harbor Wellness")
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (FREED, 2)


async def test_one_press_keeps_the_old_time(ana: Visitor, world: World, waiting: Waiting) -> None:
    await waiting.offered()
    await open_offer(ana, world)
    await ana.press("Keep my time")
    await ana.see("You have said no")
    await ana.read("Your session stays as it is. You stay on the waitlist.")
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (LATE, 1)


async def test_the_page_says_so_when_the_time_for_an_answer_is_over(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    await waiting.offered()
    await open_offer(ana, world)
    await ana.wait(timedelta(minutes=59))
    await ana.see("A time is free for you")
    await ana.wait(timedelta(minutes=2))
    await ana.see("This offer has ended")
    await expect(ana.page.locator("#accept")).to_have_count(0)


async def test_too_late_says_so_and_changes_nothing(
    ana: Visitor, world: World, waiting: Waiting, clock: TestClock
) -> None:
    await waiting.offered()
    await open_offer(ana, world)
    clock.now += timedelta(hours=2)
    await ana.press("Take the new time")
    await ana.see("This offer has ended")
    await ana.read("It was not answered in time. Your session stays as it is.")
    await expect(ana.page.locator("#accept, #decline")).to_have_count(0)
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (LATE, 1)


async def test_a_time_that_is_gone_meanwhile_shows_what_has_become_of_the_offer(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    offer = await waiting.offered()
    await open_offer(ana, world)
    await world.change(Offer, offer.id, state="withdrawn", ended_at=NOW)
    await ana.press("Take the new time")
    await ana.see("This time is gone")
    await expect(ana.page.locator("#accept, #decline")).to_have_count(0)


async def test_a_new_session_shows_its_price(ana: Visitor, world: World, waiting: Waiting) -> None:
    body = {"client_id": str(world.client_id), "service_id": str(world.service_id)}
    assert (await waiting.staff.post(WISHES, body)).status_code == 201
    await waiting.free()
    await waiting.work()
    await open_offer(ana, world)
    await ana.read("It costs $120.00.")
    await expect(ana.page.get_by_text("When", exact=True)).to_be_visible()
    await expect(ana.page.get_by_text("New time")).to_have_count(0)
    await ana.press("Book this time")
    await ana.see("The time is yours")
    assert len(await world.rows(Session, starts_at=FREED, status="booked")) == 1


async def test_a_client_gives_up_a_time_only_if_somebody_takes_it(
    ana: Visitor, world: World
) -> None:
    fee = {"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "50"}
    await world.add_policy({"cancel": {"fees": [fee], "release": True}})
    session_id = await world.book(LATE)
    await ana.open(session_id)
    await ana.read("Nobody is waiting for a time now.")
    assert [row.release_until for row in await world.rows(Session)] == [None]
    await ana.press("Give up this time only if somebody takes it")
    await ana.read("This time is offered to others until Thursday, December 10, 1:00 PM.")
    assert [row.release_until for row in await world.rows(Session)] == [LATE - timedelta(hours=2)]
    await ana.check_on_a_phone()
    await ana.press("Keep this time")
    await expect(ana.button("Give up this time only if somebody takes it")).to_be_visible()
    assert [row.release_until for row in await world.rows(Session)] == [None]


async def test_a_client_waits_for_an_earlier_time_and_stops(
    ana: Visitor, world: World, waiting: Waiting
) -> None:
    await ana.open(waiting.session_id)
    assert await world.rows(Wish) == []
    await ana.page.get_by_text("Rather sooner?").click()
    await ana.press("Wait for an earlier time")
    await ana.read("You are waiting for an earlier time.")
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    await ana.check_on_a_phone()
    await ana.press("Stop waiting")
    await expect(ana.button("Wait for an earlier time")).to_be_visible()
    assert [row.state for row in await world.rows(Wish)] == ["withdrawn"]
