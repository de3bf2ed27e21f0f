"""The history of a session, in plain words."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from playwright.async_api import Route, expect

from tests.portal.front_door import FrontDoor
from tests.portal.visitor import Visitor, answer_with, first_item_with
from tests.world import NOW, Api, World

MINUTE = timedelta(minutes=1)
START = NOW + timedelta(days=3)
LATE = {"cancel": {"fees": [{"deadline": {"before_minutes": 20_000}, "amount_minor": 4500}]}}
CHANGES = "**/v1/sessions/*/changes"
THEIRS = {"note": "She told us of her knee."}


async def _act(staff: Api, path: str, **body: Any) -> Any:
    done = await staff.post(f"/v1/practice/{path}", body)
    assert done.status_code == 200, done.text
    return done.json()


async def _move(staff: Api, client: Api, session_id: UUID) -> None:
    """Let the client move the session for a fee, and let the practice settle the fee."""
    quote = (await client.session(session_id))["actions"]["reschedule"]["quote"]
    to = START + timedelta(days=1)
    assert (await client.reschedule(session_id, to, quote=quote)).status_code == 200
    quote = (await client.session(session_id))["actions"]["change_format"]["quote"]
    other = await client.reschedule(session_id, to, format="phone", quote=quote)
    assert other.status_code == 200
    staff.clock.now += MINUTE
    (fee,) = (await client.get("/v1/fees")).json()["items"]
    await _act(staff, f"fees/{fee['id']}/settle", payment_reference="INV-2041")


async def _everything(staff: Api, world: World) -> UUID:
    """Let every kind of change happen to one session."""
    await world.add_policy(LATE)
    session_id = await world.book(START)
    await _move(staff, staff.signed_in(world.token()), session_id)
    path = f"sessions/{session_id}"
    await _act(staff, f"{path}/cancel", charge_fee=True, reason=THEIRS)
    staff.clock.now += MINUTE
    await _act(staff, f"{path}/undo", reason=THEIRS)
    staff.clock.now = START + timedelta(days=1, hours=1)
    missed = await _act(staff, f"{path}/noshow", charge_fee=True, reason=THEIRS)
    staff.clock.now += MINUTE
    fee = next(fee for fee in missed["session"]["fees"] if fee["status"] == "due")
    await _act(staff, f"fees/{fee['id']}/waive", reason=THEIRS)
    await _act(staff, f"{path}/undo", reason=THEIRS)
    await _act(staff, f"{path}/fulfilled")
    return session_id


WORDS = [
    "Booked for Thursday, December 3, 10:00 AM (Video)",
    "Moved to Friday, December 4, 10:00 AM (Video)",
    "Format changed: Phone",
    "Fee paid",
    "Cancelled",
    "Booked again for Friday, December 4, 10:00 AM (Phone)",
    "Missed",
    "Fee waived",
    "Booked again for Friday, December 4, 10:00 AM (Phone)",
    "Completed",
]


async def test_every_kind_of_change_is_described_in_words(
    ana: Visitor, door: FrontDoor, staff: Api, world: World
) -> None:
    await _everything(staff, world)
    await door.sign_in()
    await ana.press("Past and cancelled")
    await ana.page.get_by_role("link", name="Follow-up").click()
    await ana.read("This session has taken place.")
    await ana.page.get_by_text("What has happened so far").click()
    entries = ana.page.locator(".history > li")
    await expect(entries.locator("strong")).to_have_text(WORDS)
    await expect(entries.nth(0)).to_contain_text("Monday, November 30, 10:00 AM, by the practice")
    await expect(entries.nth(1)).to_contain_text("10:00 AM, by you")
    await expect(entries.nth(1)).to_contain_text("Fee: $45.00.")
    await expect(entries.nth(1)).to_contain_text("Your reason: A meeting was put on this hour.")
    await expect(entries.nth(7)).to_contain_text("Fee: $45.00.")
    await expect(ana.page.get_by_text("knee")).to_have_count(0)
    await expect(ana.page.get_by_text("null")).to_have_count(0)


async def test_with_a_link_the_history_shows_the_reasons_category_and_not_its_note(
    ana: Visitor, staff: Api, world: World
) -> None:
    session_id = await world.book(START)
    await staff.signed_in(world.token()).cancel(session_id)
    await ana.open(session_id)
    await ana.read("Your reason: Work")
    await expect(ana.page.get_by_text("A meeting was put")).to_have_count(0)


async def test_a_cancellation_by_the_practice_has_no_note(
    ana: Visitor, staff: Api, world: World
) -> None:
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    await _act(staff, f"sessions/{session_id}/cancel", charge_fee=False, reason=THEIRS)
    await ana.open(session_id)
    await ana.read("This session is cancelled. The practice cancelled it: Mon, Nov 30, 10:00 AM.")
    await ana.read("The credit went back into the package.")
    await expect(ana.page.get_by_text("knee")).to_have_count(0)
    await expect(ana.page.get_by_text("reason")).to_have_count(0)


async def test_an_unknown_kind_of_change_of_a_later_version_is_tolerated(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)
    later = {"kind": "moonlit", "by": "the moon", "credit": "halved"}
    await ana.page.route(CHANGES, first_item_with(**later, reason={"code": "tide", "note": None}))
    await ana.open(session_id)
    await ana.page.get_by_text("What has happened so far").click()
    entry = ana.page.locator(".history > li > p")
    await expect(entry).to_have_text(["Changed", "Monday, November 30, 10:00 AM"])


async def test_an_unknown_status_of_a_later_version_is_tolerated(
    ana: Visitor, world: World
) -> None:
    session_id = await world.book(START)

    async def answer(route: Route) -> None:
        real = await route.fetch()
        body = await real.json()
        body["session"]["status"] = "waitlisted"
        await route.fulfill(response=real, json=body)

    await ana.page.route("**/v1/links/open", answer)
    await ana.open(session_id)
    await ana.read("waitlisted")
    await expect(ana.button("Reschedule")).to_have_count(0)


async def test_a_history_that_fails_can_be_tried_again(ana: Visitor, world: World) -> None:
    session_id = await world.book(START)
    await ana.page.route(CHANGES, answer_with("internal-error", 500), times=1)
    await ana.open(session_id)
    await ana.page.get_by_text("What has happened so far").click()
    await expect(ana.alert).to_be_focused()
    await ana.press("Try again")
    await ana.read("Booked for Thursday, December 3, 10:00 AM (Video)")
