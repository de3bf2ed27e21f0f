"""One press says that the client is coming; then the page says that it was said."""

from datetime import timedelta

from playwright.async_api import expect

from app.tables.sessions import Session
from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)
DAY_AHEAD = {"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "amount_minor": 4500}]}}


async def test_a_client_says_that_they_are_coming(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await ana.check_on_a_phone()
    await ana.press("I am coming")
    await ana.read("You told us on Mon, Nov 30, 10:00 AM that you are coming.")
    await expect(ana.page.locator("#coming")).to_be_focused()
    await expect(ana.button("I am coming")).to_have_count(0)
    await expect(ana.button("Cancel session")).to_be_visible()
    (session,) = await world.rows(Session)
    assert (session.version, session.confirmed_at) == (1, NOW)


async def test_a_session_far_away_has_no_button_yet(ana: Visitor, world: World) -> None:
    """It is there from a month before free cancellation ends."""
    await world.add_policy(DAY_AHEAD)
    far, near = (
        await world.book(NOW + timedelta(days=33)),
        await world.book(NOW + timedelta(days=31)),
    )
    await ana.open(far)
    await expect(ana.button("Cancel session")).to_be_visible()
    await expect(ana.button("I am coming")).to_have_count(0)
    await ana.open(near)
    await expect(ana.button("I am coming")).to_be_visible()


async def test_a_session_that_has_ended_meanwhile_says_so(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.open(session_id)
    await world.change(Session, session_id, version=2)
    await ana.press("I am coming")
    await expect(ana.alert).to_be_visible()
    (session,) = await world.rows(Session)
    assert session.confirmed_at is None
