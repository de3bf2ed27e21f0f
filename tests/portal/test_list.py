"""A client who signed in with an access token."""

from datetime import timedelta
from uuid import UUID

from playwright.async_api import expect

from tests.portal.visitor import Visitor
from tests.world import NOW, World

START = NOW + timedelta(days=3)


async def test_upcoming_sessions_are_shown_page_by_page(ana: Visitor, world: World) -> None:
    for day in range(28):
        if (START + timedelta(days=day)).isoweekday() < 6:
            for hour in (0, 3):
                await world.book(START + timedelta(days=day, hours=hour))
    await ana.paste(world.token())
    await ana.see("Your upcoming sessions")
    rows = ana.page.get_by_role("main").get_by_role("listitem")
    await expect(rows).to_have_count(20)
    await expect(rows.first).to_contain_text("Thursday, December 3, 10:00 AM to 10:50 AM")
    await ana.press("Show more")
    await expect(rows).to_have_count(40)
    await expect(rows.nth(20).get_by_role("link")).to_be_focused()
    await rows.nth(1).get_by_role("link").click()
    await ana.see("Follow-up")
    await ana.read("1:00 PM to 1:50 PM")
    await ana.press("All sessions")
    await ana.see("Your upcoming sessions")


async def test_a_client_without_sessions_sees_a_message(ana: Visitor, world: World) -> None:
    await ana.paste(world.token())
    await ana.read("You have no upcoming sessions.")


async def test_with_a_wrong_token_the_first_page_stays_open(ana: Visitor) -> None:
    await ana.paste("nonsense")
    await expect(ana.alert).to_contain_text("Please sign in again")
    await expect(ana.page.get_by_label("Link from the message")).to_have_value("nonsense")


async def test_the_access_token_of_a_link_opens_its_session(ana: Visitor, world: World) -> None:
    session_id: UUID = await world.book(START)
    await ana.open(session_id)
    token = await ana.page.evaluate(
        """async token => (await (await fetch('/v1/links/open', {method: 'POST',
          headers: {'Content-Type': 'application/json'}, body: JSON.stringify({token})})).json())
          .access_token""",
        world.link_token(session_id),
    )
    await ana.paste(token)
    await ana.see("Follow-up")
    await expect(ana.page.get_by_role("navigation")).to_have_count(0)
