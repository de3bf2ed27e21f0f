"""A client asks on the page to waive a fee; a practitioner answers behind the link of a mail."""

from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import expect

from app.identity.tokens.waiver import WaiverLink, WaiverTokens, mark_of
from app.tables.changes import Change
from app.tables.sessions import Fee
from app.tables.waivers import Waiver
from tests.portal.visitor import Visitor
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
WORDS = "I was in hospital that night."
LATE = {"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}
ASK = "Ask the practice to waive the fee"
MAY_ANSWER = "They can answer within seven days. Without an answer the fee stands."
WAITS = "Nothing is collected before their answer or the end of these seven days."


@pytest.fixture
async def session_id(world: World) -> UUID:
    """A session that costs a fee to cancel."""
    await world.add_policy({"cancel": {"fees": [LATE]}})
    return await world.book(START)


async def asked(world: World, staff: Api, session_id: UUID) -> UUID:
    """Cancel with a question, and give the fee's id."""
    api = staff.signed_in(world.token())
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    done = await api.cancel(session_id, quote=quote, ask_waiver={"note": WORDS})
    assert done.status_code == 200
    (fee,) = await world.rows(Fee)
    found: UUID = fee.id
    return found


async def open_waiver(maya: Visitor, fee_id: UUID) -> None:
    world = maya.world
    link = WaiverLink(world.practice_id, fee_id, 0, mark_of("maya@harbor.example"))
    token = WaiverTokens(world.settings.keys).sign(link)
    await maya.page.goto(f"{maya.settings.portal_url}#waiver={token}")


async def test_a_client_cancels_and_asks_at_once(
    ana: Visitor, world: World, session_id: UUID
) -> None:
    await ana.open(session_id)
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.page.get_by_label(ASK).check()
    await ana.read(f"{MAY_ANSWER} {WAITS}")
    await ana.press("Cancel for $45.00")
    await ana.read("Please write in a few words why.")
    assert ana.sent("/cancel") == []
    await ana.page.get_by_label("Why should the practice waive it?").fill(WORDS)
    await ana.check_on_a_phone()
    await ana.press("Cancel for $45.00")
    await ana.see("Your session is cancelled")
    await ana.read("We have asked the practice to waive it.")
    assert ana.bodies("/cancel")[0]["ask_waiver"] == {"note": WORDS}
    await ana.press("Back to my session")
    await ana.read("It can answer until Monday, December 7, 10:00 AM.")
    await ana.check_on_a_phone()
    assert [row.state for row in await world.rows(Waiver)] == ["asked"]


async def test_without_a_fee_there_is_nothing_to_ask(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    await expect(ana.page.get_by_label(ASK)).to_be_hidden()


async def test_the_link_of_the_session_asks_later(
    ana: Visitor, world: World, staff: Api, session_id: UUID
) -> None:
    path = f"/v1/practice/sessions/{session_id}/noshow"
    assert (await staff.post(path, {"charge_fee": True})).status_code == 200
    await ana.open(session_id)
    await ana.page.get_by_text(ASK).click()
    await ana.read(MAY_ANSWER)
    # This fee can be collected at once, and a question does not change that.
    await expect(ana.page.get_by_text(WAITS)).to_have_count(0)
    await ana.press("Ask the practice to waive $45.00")
    await ana.read("Please write in a few words why.")
    assert await world.rows(Waiver) == []
    await ana.page.get_by_label("Why should the practice waive it?").fill(WORDS)
    await ana.press("Ask the practice to waive $45.00")
    await ana.read("You have asked the practice to waive it.")
    assert len(await world.rows(Waiver)) == 1
    await expect(ana.page.get_by_text(ASK)).to_have_count(0)


async def test_the_list_of_fees_shows_how_it_stands(
    ana: Visitor, world: World, staff: Api, session_id: UUID
) -> None:
    fee_id = await asked(world, staff, session_id)
    await ana.paste(world.token())
    await ana.press("Fees")
    await ana.read("You have asked the practice to waive it.")
    assert (await staff.post(f"/v1/practice/fees/{fee_id}/uphold", {})).status_code == 200
    await ana.press("Packages")
    await ana.press("Fees")
    await ana.read("It has decided that the fee stands.")


async def test_opening_the_link_shows_the_words_and_changes_nothing(
    ana: Visitor, world: World, staff: Api, session_id: UUID
) -> None:
    fee_id = await asked(world, staff, session_id)
    before = len(await world.rows(Change))
    for _ in range(3):
        await open_waiver(ana, fee_id)
        await ana.see("Waive this fee?")
        await ana.page.goto("about:blank")
    await open_waiver(ana, fee_id)
    await ana.see("Waive this fee?")
    await ana.read(WORDS)
    await ana.read("$45.00, Cancelled")
    assert ana.page.url.endswith("/portal/")
    assert ana.sent("/grant") == ana.sent("/uphold") == []
    assert len(await world.rows(Change)) == before
    await ana.check_on_a_phone()


@pytest.mark.parametrize(
    ("press", "title", "status", "state"),
    [
        ("Waive the fee", "The fee is waived", "waived", "granted"),
        ("Let the fee stand", "The fee stands", "due", "declined"),
    ],
)
async def test_one_press_decides(
    ana: Visitor,
    world: World,
    staff: Api,
    session_id: UUID,
    press: str,
    title: str,
    status: str,
    state: str,
) -> None:
    await open_waiver(ana, await asked(world, staff, session_id))
    await ana.see("Waive this fee?")
    await ana.page.get_by_label("Words for the client (optional)").fill("All the best.")
    await ana.press(press)
    await ana.see(title)
    assert [row.status for row in await world.rows(Fee)] == [status]
    assert [row.state for row in await world.rows(Waiver)] == [state]
    await expect(ana.page.get_by_text(WORDS)).to_have_count(0)
    await ana.check_on_a_phone()


async def test_too_late_says_so_and_shows_how_it_stands(
    ana: Visitor, world: World, staff: Api, session_id: UUID, clock: TestClock
) -> None:
    await open_waiver(ana, await asked(world, staff, session_id))
    await ana.see("Waive this fee?")
    clock.now = NOW + timedelta(days=7, seconds=1)
    await ana.press("Waive the fee")
    await expect(ana.alert).to_contain_text("the question about it has been answered")
    await ana.press("Look at the session again")
    await ana.see("The fee stands")
    assert [row.status for row in await world.rows(Fee)] == ["due"]


async def test_the_page_says_so_when_the_time_for_an_answer_is_over(
    ana: Visitor, world: World, staff: Api, session_id: UUID
) -> None:
    await open_waiver(ana, await asked(world, staff, session_id))
    await ana.see("Waive this fee?")
    await ana.wait(timedelta(days=7, minutes=1))
    await ana.see("The fee stands")
    await ana.read("Nobody answered in time, so the fee stands.")
    await expect(ana.page.get_by_text(WORDS)).to_have_count(0)
