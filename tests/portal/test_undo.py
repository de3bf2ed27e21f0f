"""A cancellation is taken back with one press; what may fall away is said before."""

from datetime import timedelta

from playwright.async_api import expect

from app.tables.sessions import Fee, Session
from tests.portal.front_door import FrontDoor
from tests.portal.visitor import Visitor
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
REFILLED = {
    "cancel": {
        "fees": [{"deadline": {"before_minutes": 10_000}, "amount_minor": 4500}],
        "refilled": {"covered_percent": 80},
    }
}


async def test_a_cancellation_is_taken_back(ana: Visitor, world: World) -> None:
    await world.add_policy(REFILLED)
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.read("If somebody else takes the time, it costs nothing.")
    await ana.give_reason("I am unwell")
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.read("Possible until 10:05 AM.")
    await expect(ana.page.get_by_text("of the series")).to_have_count(0)
    await ana.check_on_a_phone()
    await ana.press("Take it back")
    told = ana.page.get_by_text("It has been taken back. Your session is as it was before.")
    await expect(told).to_be_focused()
    await expect(ana.heading("Follow-up")).to_be_visible()
    await expect(ana.button("Cancel session")).to_be_visible()
    await expect(ana.button("Take it back")).to_have_count(0)
    (session,) = await world.rows(Session)
    assert (session.status, session.version) == ("booked", 3)
    assert [fee.status for fee in await world.rows(Fee)] == ["void"]
    await ana.press("Cancel session")
    await ana.press("Keep my session")
    await ana.see("Follow-up")
    await expect(told).to_have_count(0)


async def cancel_for_free(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.give_reason("I am unwell")
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")


async def test_the_button_goes_when_its_time_is_over(ana: Visitor, world: World) -> None:
    await cancel_for_free(ana, world)
    await expect(ana.button("Take it back")).to_be_visible()
    await ana.forward(timedelta(minutes=5, seconds=2))
    await expect(ana.button("Take it back")).to_have_count(0)


async def test_too_late_says_so(ana: Visitor, world: World, clock: TestClock) -> None:
    await cancel_for_free(ana, world)
    clock.now += timedelta(minutes=6)
    await ana.press("Take it back")
    await expect(ana.alert).to_contain_text("can no longer be taken back")
    (session,) = await world.rows(Session)
    assert session.status == "cancelled"


async def test_the_list_of_fees_says_from_when(
    ana: Visitor, world: World, staff: Api, door: FrontDoor
) -> None:
    await world.add_policy(REFILLED)
    session_id = await world.book(START)
    client = staff.signed_in(world.token())
    quote = (await client.session(session_id))["actions"]["cancel"]["quote"]
    assert (await client.cancel(session_id, quote=quote)).status_code == 200
    await door.sign_in()
    await ana.press("Fees")
    await ana.read("The practice collects it after Thursday, December 3, 10:00 AM at the earliest.")
