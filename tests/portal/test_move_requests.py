"""The practice asks for another time: its proposals first, and everything free of charge."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Route, expect

from app.tables.changes import Change
from app.tables.sessions import Fee, Session
from tests.portal.visitor import Visitor
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
LENGTH = timedelta(minutes=50)
NOTE = "Dr. Chen is ill. We are sorry!"
PROPOSALS = ["Friday, December 4, 9:00 AM to 9:50 AM", "Friday, December 4, 11:00 AM to 11:50 AM"]


async def ask(
    visitor: Visitor, session_id: UUID, *, meanwhile: str = "keep", proposals: bool = True
) -> None:
    """Let the details have an open move request, as the API answers it."""
    starts = [START + timedelta(days=1) + hours for hours in (-HOUR, HOUR)] if proposals else []
    request = {
        "id": str(uuid4()),
        "note": NOTE,
        "answer_by": (START - timedelta(days=1)).isoformat(),
        "meanwhile": meanwhile,
        "proposals": [
            {"start": at.isoformat(), "end": (at + LENGTH).isoformat(), "location_id": None}
            for at in starts
        ],
    }

    def asked(session: dict[str, Any]) -> dict[str, Any]:
        if session["version"] > (1 if meanwhile == "keep" else 2):
            return session
        free = {"fee": None, "free_because": "move_request", "allowed": True, "refusal": None}
        actions = {
            name: session["actions"][name] | free
            for name in (["reschedule", "cancel"] if meanwhile == "keep" else ["reschedule"])
        }
        return session | {"move_request": request, "actions": session["actions"] | actions}

    async def details(route: Route) -> None:
        real = await route.fetch()
        await route.fulfill(response=real, json=asked(await real.json()))

    async def link(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        await route.fulfill(response=real, json=body | {"session": asked(body["session"])})

    await visitor.page.route(f"**/v1/sessions/{session_id}", details)
    await visitor.page.route("**/v1/links/open", link)


async def test_the_details_begin_with_what_the_practice_asks_and_its_proposals(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ask(ana, session_id)
    await ana.open(session_id)
    await ana.read("The practice asks you to choose another time for this session.")
    await ana.read(NOTE)
    await ana.read("Please answer by Wednesday, December 2, 10:00 AM.")
    await ana.read("Until you answer, your session stays as it is.")
    await ana.read("Whatever you choose is free of charge.")
    buttons = ana.page.locator("main section").first.get_by_role("button")
    await expect(buttons).to_have_text([*PROPOSALS, "Choose another time", "Cancel session"])
    await ana.check_on_a_phone()
    assert ana.sent("/reschedule") == ana.sent("/cancel") == []
    assert len(await world.rows(Change)) == 1


async def test_one_press_leads_to_the_confirmation_of_a_proposed_time(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    await ask(ana, session_id)
    await ana.open(session_id)
    await ana.press(PROPOSALS[1])
    await ana.see("Confirm your new time")
    await ana.read("11:00 AM to 11:50 AM")
    await ana.read("Free of charge, because the practice asks for it.")
    await expect(ana.page.get_by_role("radio")).to_have_count(0)
    await ana.check_on_a_phone()
    await ana.press("Choose another time")
    await ana.see("Choose a new time")
    await ana.page.go_back()
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + timedelta(days=1) + HOUR
    await ana.press("Back to my session")
    await ana.read("Need to change it?")


@pytest.mark.parametrize("proposals", [True, False])
async def test_another_time_can_be_chosen(ana: Visitor, world: World, *, proposals: bool) -> None:
    session_id = await world.book(START)
    await ask(ana, session_id, proposals=proposals)
    await ana.open(session_id)
    await ana.press("Choose another time" if proposals else "Choose a new time")
    await ana.see("Choose a new time")
    await ana.read("Free of charge, because the practice asks for it.")
    await ana.press("1:00 PM")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + 3 * HOUR


async def test_the_session_can_be_cancelled_instead(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ask(ana, session_id)
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.read("Free of charge, because the practice asks for it.")
    await ana.check_on_a_phone()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
    assert await world.rows(Fee) == []


async def test_a_session_that_the_practice_cancelled_offers_a_new_time(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    answer = await staff.post(path, {"charge_fee": False, "reason": {"note": "Ill."}})
    assert answer.status_code == 200, answer.text
    await ask(ana, session_id, meanwhile="cancel")
    await ana.open(session_id)
    await ana.read("The practice had to cancel this session. You can still choose another time")
    buttons = ana.page.locator("main section").first.get_by_role("button")
    await expect(buttons).to_have_text([*PROPOSALS, "Choose another time"])
    await ana.check_on_a_phone()
    await ana.press(PROPOSALS[0])
    await ana.see("Confirm your new time")
    await expect(ana.button("Back to my session")).to_be_visible()
    await expect(ana.button("Keep my appointment")).to_have_count(0)
    await ana.check_on_a_phone()


async def test_a_move_by_the_practice_makes_the_next_change_free(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)

    async def moved(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        for name in ("cancel", "reschedule"):
            body["session"]["actions"][name]["free_because"] = "practice_move"
        await route.fulfill(response=real, json=body)

    await ana.page.route("**/v1/links/open", moved)
    await ana.open(session_id)
    await ana.read("Free of charge, because the practice moved this session.")
    await ana.press("Cancel session")
    await ana.read("Free of charge, because the practice moved this session.")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
