"""For every problem code that a client can receive, the page shows an understandable message."""

from typing import Any
from uuid import UUID

from playwright.async_api import expect

from app.tables.changes import Change
from app.web.problems.catalogue import CATALOGUE
from tests.described import codes_of, description, resolved
from tests.portal.test_cancel import START
from tests.portal.visitor import CANCEL, RESCHEDULE, Visitor, answer_with
from tests.world import World

DECISION = {
    "allowed": True,
    "fee": {"amount_minor": 4500, "currency": "USD", "decimals": 2}, "credit": None,
    "free_until": None, "closes_at": None, "quote": "a.b", "quote_expires_at": None,
    "refusal": None,
}  # fmt: skip
# After a code of SIGN_IN the page asks the client to open the link again. After a code of GO_ON the
# client continues with the form itself, or with the buttons of the details.
SIGN_IN = {"unauthorized", "link-invalid", "link-expired"}
GO_ON = {
    "validation-failed", "quote-required", "slot-unavailable", "no-change", "version-mismatch",
    "scope-refused", "scope-conflicts", "credit-unavailable", "action-disabled",
    "notice-too-short", "session-started",
    "session-not-booked",
    "reschedule-limit-reached", "quote-stale", "quote-invalid",
    "offer-expired", "offer-gone", "waitlist-off", "release-unavailable", "undo-unavailable",
    "cancellation-open", "absence-announced", "group-full", "group-cancelled",
    "fee-not-due", "waiver-unavailable",
}  # fmt: skip
CONTACT = {"name": "Dr. Maya Chen", "email": "maya@harbor.example", "phone": None}


def _codes_of(operation: Any) -> set[str]:
    """List the problem codes that an operation documents."""
    contents = [resolved(answer).get("content", {}) for answer in operation["responses"].values()]
    return {
        code
        for content in contents
        if "application/problem+json" in content
        for code in codes_of(content["application/problem+json"])
    }


def _codes_of_clients() -> set[str]:
    """List the codes that the operations for clients document, and those of all operations."""
    paths = description()["paths"]
    operations = [
        operation
        for path, methods in paths.items()
        if not path.startswith("/v1/practice")
        for operation in methods.values()
    ]
    found = set[str]().union(*map(_codes_of, operations))
    assert len(found) > 20
    return found | {"internal-error", "method-not-allowed"}


CODES = {code: CATALOGUE[code] for code in sorted(_codes_of_clients())}


async def test_the_page_knows_every_code(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    known = await ana.page.evaluate(
        "async () => Object.keys((await import('./problems.js')).ANSWERS)"
    )
    assert set(known) == set(CODES)


async def _about_to_move(visitor: Visitor, session_id: UUID) -> None:
    """Go to the button that confirms a move, from any view to which the last refusal led."""
    if await visitor.heading("Confirm your new time").is_visible():
        if await visitor.button("Confirm").is_visible():
            return
        await visitor.page.goto("about:blank")  # The time is gone, and the button with it.
    if not await visitor.heading("Follow-up").is_visible():
        await visitor.page.goto("about:blank")
        await visitor.open(session_id)
    await visitor.choose_time("11:00 AM")
    await visitor.give_reason()


async def test_every_failure_of_a_command_shows_a_message(ana: Visitor, world: World) -> None:
    """For every code the message is shown and has the focus, and then the page works again."""
    session_id = await world.book(START)
    for code, kind in CODES.items():
        await _about_to_move(ana, session_id)
        answer = answer_with(
            code, kind.status.value, detail=kind.wording().detail, decision=DECISION,
            contact=CONTACT, alternatives=[], errors=[], request_id="5f0c",
        )  # fmt: skip
        await ana.page.route(RESCHEDULE, answer)
        await ana.page.get_by_role("button", name="Confirm").click()
        if code in SIGN_IN:
            await ana.see("This page has closed")
        else:
            await expect(ana.alert).to_contain_text(kind.wording().detail)
            await expect(ana.alert).to_be_focused()
            if code not in GO_ON:
                await expect(ana.alert.get_by_role("button")).to_have_count(1)
        await ana.page.unroute(RESCHEDULE)
    assert len(await world.rows(Change)) == 1
    await ana.page.goto("about:blank")
    await ana.open(session_id)
    await ana.choose_time("11:00 AM")
    await ana.give_reason()
    await ana.press("Confirm")
    await ana.see("Your session has moved")


async def test_every_failure_of_a_link_shows_a_message(ana: Visitor) -> None:
    await ana.page.goto(ana.settings.portal_url)
    await ana.see("Sign in")
    for code, kind in CODES.items():
        if code == "unauthorized":  # it has no token to refuse
            continue
        answer = answer_with(code, kind.status.value, detail=f"{kind.wording().detail} ({code})")
        await ana.page.route("**/v1/links/open", answer)
        await ana.page.evaluate("location.hash = 'a.b'")
        await expect(ana.alert).to_contain_text(f"{kind.wording().detail} ({code})")
        again = ana.page.get_by_label("Link from the message").or_(ana.button("Try again"))
        await expect(again).to_be_visible()
        await ana.page.unroute("**/v1/links/open")


async def test_an_unknown_code_shows_a_message(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.page.route(CANCEL, answer_with("moon-too-full"), times=1)
    await ana.press("Cancel this session")
    await expect(ana.alert).to_contain_text("The sentence of moon-too-full.")
    await ana.press("Try again")
    await ana.see("Your session is cancelled")


async def test_a_failure_without_a_problem_document_shows_a_message(
    ana: Visitor, world: World
) -> None:
    await ana.open(await world.book(START))
    await ana.press("Cancel session")
    await ana.give_reason()
    await ana.page.route(CANCEL, lambda route: route.fulfill(status=500, body="<h1>Oops</h1>"))
    await ana.press("Cancel this session")
    await expect(ana.alert).to_contain_text("Something went wrong. Please try again.")


async def test_a_list_that_fails_can_be_tried_again(ana: Visitor, world: World) -> None:
    await world.book(START)
    await ana.page.route("**/v1/sessions?*", answer_with("rate-limited", 429), times=1)
    await ana.paste(world.token())
    await ana.see("That did not work")
    await ana.press("Try again")
    await ana.see("Your upcoming sessions")


async def test_months_that_fail_can_be_tried_again(ana: Visitor, world: World) -> None:
    await ana.open(await world.book(START))
    await ana.page.route("**/availability?*", lambda route: route.abort())
    await ana.press("Reschedule")
    await expect(ana.alert).to_contain_text("There is no connection right now.")
    await ana.page.unroute("**/availability?*")
    await ana.press("Try again")
    await expect(ana.button("11:00 AM")).to_be_visible()
