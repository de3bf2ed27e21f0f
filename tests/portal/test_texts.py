"""The links of text messages: a code behind the `#`, which opens what a mail's token opens."""

import re
from datetime import timedelta

import pytest

from app.tables.practices import Client
from app.tables.sessions import Session
from tests.portal.postman import Postman
from tests.portal.visitor import Visitor
from tests.waiting import FREED, wait
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)


@pytest.fixture(autouse=True)
async def agreed(world: World) -> None:
    """Let the client get all text messages."""
    phone = {"phone": "+1 212 555 0188", "texts_number": "+12125550188"}
    await world.change(Client, world.client_id, texts="all", texts_agreed_at=NOW, **phone)


def link_of(text: str, prefix: str = "") -> str:
    found = re.search(rf"http\S+/portal/#{prefix}[0-9A-Za-z]{{16}}(?=\s)", text)
    assert found is not None, text
    return found.group()


async def test_from_the_text_message_to_a_confirmed_new_time(
    ana: Visitor, world: World, postman: Postman
) -> None:
    session_id = await world.book(START)
    link = link_of(await postman.text("booked"))
    await ana.page.goto(link)
    await ana.see("Follow-up")
    assert link.rpartition("#")[2] not in ana.page.url
    await ana.choose_time("2:30 PM")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + timedelta(hours=4, minutes=30)


async def test_the_link_can_be_pasted(ana: Visitor, world: World, postman: Postman) -> None:
    await world.book(START)
    await ana.paste(link_of(await postman.text("booked")))
    await ana.see("Follow-up")


async def test_an_offer_of_a_text_message_is_accepted(
    ana: Visitor, world: World, staff: Api, postman: Postman
) -> None:
    waiting = await wait(world, staff.signed_in(world.token()))
    await waiting.offered()
    await ana.page.goto(link_of(await postman.text("offer"), "offer="))
    await ana.see("A time is free for you")
    await ana.press("Take the new time")
    await ana.see("The time is yours")
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert (row.starts_at, row.version) == (FREED, 2)
