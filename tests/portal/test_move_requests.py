"""The practice asks for another time: its proposals first, and everything free of charge."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import expect

from app.tables.changes import Change
from app.tables.move_requests import MoveRequestSession
from app.tables.sessions import Fee, Session
from tests.portal.visitor import NARROW, Visitor
from tests.world import NOW, Api, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
# Without the practice's doing, cancelling and moving cost something.
LATE = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]},
    "reschedule": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]},
}
NOTE = "Dr. Chen is ill. We are sorry!"
PROPOSALS = ["Friday, December 4, 9:00 AM to 9:50 AM", "Friday, December 4, 11:00 AM to 11:50 AM"]


async def ask(
    staff: Api, session_id: UUID, *, meanwhile: str = "keep", proposals: bool = True
) -> None:
    """Ask the session's client for another time."""
    starts = [START + timedelta(days=1) + hours for hours in (-HOUR, HOUR)]
    body: dict[str, Any] = {
        "sessions": [str(session_id)],
        "note": NOTE,
        "answer_by": (START - timedelta(days=1)).isoformat(),
        "meanwhile": meanwhile,
    }
    if proposals:
        body["proposals"] = {str(session_id): [start.isoformat() for start in starts]}
    answer = await staff.post("/v1/practice/move-requests", body)
    assert answer.status_code in {200, 201}, answer.text


async def test_the_details_begin_with_what_the_practice_asks_and_its_proposals(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id)
    before = len(await world.rows(Change))
    await ana.open(session_id)
    await ana.read("The practice asks you to choose another time for this session.")
    await ana.read(NOTE)
    await ana.read("Please answer by Wednesday, December 2, 10:00 AM.")
    await ana.read("Until you answer, your session stays as it is.")
    await ana.read("Whatever you choose is free of charge.")
    buttons = ana.page.locator("main section").first.get_by_role("link")
    await expect(buttons).to_have_text([*PROPOSALS, "Choose another time", "Cancel session"])
    await ana.check_on_a_phone()
    assert ana.sent("/reschedule") == ana.sent("/cancel") == []
    assert len(await world.rows(Change)) == before


async def test_a_proposal_breaks_between_words_on_a_small_phone(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id)
    await ana.open(session_id)
    width, height = NARROW
    await ana.page.set_viewport_size({"width": width, "height": height})
    assert await ana.broken_words(ana.button(PROPOSALS[1])) == []


async def test_one_press_leads_to_the_confirmation_of_a_proposed_time(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE)
    session_id = await world.book(START)
    await ask(staff, session_id)
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


async def test_if_a_proposed_time_was_taken_others_are_shown(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id)
    await ana.open(session_id)
    await ana.press(PROPOSALS[1])
    ben = await world.add_client(email="ben@client.example")
    await world.book(START + timedelta(days=1) + HOUR, client_id=ben)
    await ana.press("Confirm")
    await expect(ana.alert).to_contain_text("This time is not available any more.")
    await expect(ana.button("Choose another time")).to_have_count(1)
    await ana.page.locator(".alternatives .secondary").first.click()
    await ana.press("Confirm")
    await ana.see("Your session has moved")


@pytest.mark.parametrize("proposals", [True, False])
async def test_another_time_can_be_chosen(
    ana: Visitor, world: World, staff: Api, *, proposals: bool
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id, proposals=proposals)
    await ana.open(session_id)
    await ana.press("Choose another time" if proposals else "Choose a new time")
    await ana.see("Choose a new time")
    await ana.read("Free of charge, because the practice asks for it.")
    await ana.press("1:00 PM")
    await ana.press("Confirm")
    await ana.see("Your session has moved")
    (session,) = await world.rows(Session, id=session_id)
    assert session.starts_at == START + 3 * HOUR


async def test_the_session_can_be_cancelled_instead(ana: Visitor, world: World, staff: Api) -> None:
    await world.add_policy(LATE)
    session_id = await world.book(START)
    await ask(staff, session_id)
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
    await ask(staff, session_id, meanwhile="cancel")
    await ana.open(session_id)
    await ana.read("The practice had to cancel this session. You can still choose another time")
    buttons = ana.page.locator("main section").first.get_by_role("link")
    await expect(buttons).to_have_text([*PROPOSALS, "Choose another time"])
    await ana.check_on_a_phone()
    await ana.press(PROPOSALS[0])
    await ana.see("Confirm your new time")
    await expect(ana.button("Back to my session")).to_be_visible()
    await expect(ana.button("Keep my session")).to_have_count(0)
    await ana.check_on_a_phone()
    await ana.press("Confirm")
    await ana.see("Your session is booked again")
    (session,) = await world.rows(Session, id=session_id)
    assert (session.status, session.starts_at) == ("booked", START + timedelta(days=1) - HOUR)


async def test_who_needs_no_other_time_says_so_with_one_press(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id, meanwhile="cancel")
    await ana.open(session_id)
    await ana.check_on_a_phone()
    await ana.press("I do not need another time")
    await ana.read("The practice cancelled it")
    await expect(ana.page.get_by_text("You can still choose another time")).to_have_count(0)
    await ana.read("Told the practice: no other time needed")
    await expect(ana.page.get_by_text("Your reason:")).to_have_count(0)
    (row,) = await world.rows(MoveRequestSession)
    assert row.state == "cancelled"


async def test_the_history_says_that_the_practice_has_asked(
    ana: Visitor, world: World, staff: Api
) -> None:
    session_id = await world.book(START)
    await ask(staff, session_id)
    await ana.open(session_id)
    await ana.page.locator("#history").click()
    await ana.read("Asked for another time")


async def test_a_move_by_the_practice_makes_the_next_change_free(
    ana: Visitor, world: World, staff: Api
) -> None:
    await world.add_policy(LATE)
    session_id = await world.book(START)

    answer = await staff.reschedule_by_staff(session_id, START + HOUR)
    assert answer.status_code == 200, answer.text
    await ana.open(session_id)
    await ana.read("Free of charge, because the practice moved this session.")
    await ana.press("Cancel session")
    await ana.read("Free of charge, because the practice moved this session.")
    await ana.give_reason()
    await ana.press("Cancel this session")
    await ana.see("Your session is cancelled")
