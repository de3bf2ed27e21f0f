"""Booking again after a late cancellation whose time others have taken, or may still take."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.notifications.mail.queries import load_mail_data
from app.tables.allowance_uses import AllowanceUse
from app.tables.notifications import Notification
from app.tables.practices import Package
from app.tables.sessions import CreditRedemption, Refill
from tests.api.test_refill import LATE, MINUTE, START, ben, cancel_late, judge
from tests.notifications.reading import Read
from tests.world import Api, TestClock, World

# The worker looks at the cancellations of all practices.
pytestmark = pytest.mark.alone
__all__ = ["ben", "judge"]  # fixtures

WEEK = timedelta(days=7)
CREDITED: dict[str, Any] = {
    "cancel": {"fees": [LATE], "late_credit": "forfeited", "refilled": {"covered_percent": 80}},
    "rebook": {"days": 30, "fee": "credited"},
}


async def rebook(api: Api, session_id: UUID, quote: str | None = None) -> Any:
    answer = await api.reschedule(session_id, START + 3 * WEEK, quote=quote)
    assert answer.status_code == 200, answer.text
    return answer.json()["session"]


async def test_a_credit_that_came_back_is_not_forfeited_again(
    api: Api, world: World, ben: UUID, judge: Any, clock: TestClock
) -> None:
    await world.add_policy(CREDITED)
    session_id = await world.book(START, package_id=await world.add_package(credits=1))
    await cancel_late(api, session_id)
    await world.book(START, client_id=ben)
    clock.now = START + MINUTE
    await judge()
    shown = (await api.session(session_id))["actions"]["reschedule"]
    assert (shown["credit"], shown["carries"]) == ("redeemed", None)
    booked = await rebook(api, session_id)
    assert booked["package"]["credits_left"] == 0
    cancel = booked["actions"]["cancel"]
    assert (cancel["credit"], cancel["fee"]) == ("returned", None)


async def test_a_credit_comes_back_for_a_while_also_after_a_later_one_did(
    api: Api, staff: Api, world: World, ben: UUID, judge: Any, clock: TestClock
) -> None:
    """Its package has expired by then."""
    await world.add_policy(CREDITED | {"rebook": {"days": 30, "fee": "stands"}})
    package_id = await world.add_package(credits=2)
    session_id = await world.book(START, package_id=package_id)
    await cancel_late(api, session_id)
    await rebook(api, session_id)
    path = f"/v1/practice/sessions/{session_id}/cancel"
    body = {"charge_fee": False, "reason": {"note": "They are ill."}}
    assert (await staff.post(path, body)).json()["credit"] == "returned"
    await world.book(START, client_id=ben)
    await world.change(Package, package_id, expires_at=START)
    clock.now = START + MINUTE
    await judge()
    rows = await world.rows(CreditRedemption)
    (forfeited,) = [row for row in rows if row.returned_at == clock.now]
    assert forfeited.usable_until == clock.now + timedelta(days=14)
    assert len(rows) == 2


async def test_a_settled_fee_that_is_paid_back_is_not_deducted(
    api: Api, staff: Api, world: World, ben: UUID, judge: Any, clock: TestClock
) -> None:
    await world.add_policy(CREDITED)
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    (fee,) = (await staff.get("/v1/practice/fees")).json()["items"]
    await staff.post(f"/v1/practice/fees/{fee['id']}/settle", {"payment_reference": "INV-1"})
    await world.book(START, client_id=ben)
    clock.now = START + MINUTE
    await judge()
    await rebook(api, session_id)
    clock.now += 3 * WEEK - timedelta(days=1)
    cancel = (await api.session(session_id))["actions"]["cancel"]
    assert cancel["fee"]["amount_minor"] == 4500


async def test_a_used_free_change_still_comes_back_when_others_take_the_time(
    api: Api, world: World, ben: UUID, judge: Any
) -> None:
    allowance = {"free": 1, "per": "calendar_year", "for": ["cancel"]}
    await world.add_policy(CREDITED | {"allowance": allowance})
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    await rebook(api, session_id)
    await world.book(START, client_id=ben)
    await judge()
    assert [row.state for row in await world.rows(Refill)] == ["refilled"]
    (use,) = await world.rows(AllowanceUse)
    assert use.given_back_by == "refill"


@pytest.mark.parametrize("end", ["fee", "credit"])
async def test_a_cost_that_was_credited_is_not_refilled_too(
    api: Api, world: World, ben: UUID, judge: Any, end: str
) -> None:
    await world.add_policy(CREDITED)
    paid_by = await world.add_package(credits=2) if end == "credit" else None
    session_id = await world.book(START, package_id=paid_by)
    await cancel_late(api, session_id)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    await rebook(api, session_id, quote)
    await world.book(START, client_id=ben)
    await judge()
    assert [row.state for row in await world.rows(Refill)] == ["void"]
    for kind in ("fee_forgiven", "credit_returned"):
        assert await world.rows(Notification, kind=kind) == []


LATER = "Thursday, December 24, 2026, 10:00 AM to 10:50 AM"


@pytest.mark.parametrize(
    ("end", "kind"),
    [
        ("fee", "fee_forgiven"),
        ("credit", "credit_returned"),
        ("free change", "allowance_returned"),
    ],
)
async def test_the_mail_names_the_time_that_others_have_taken(
    api: Api, world: World, ben: UUID, judge: Any, end: str, kind: str
) -> None:
    """The client has booked the session again meanwhile, and keeps that time."""
    rules = CREDITED | {"rebook": {"days": 30, "fee": "stands"}}
    if end == "free change":
        rules |= {"allowance": {"free": 1, "per": "calendar_year", "for": ["cancel"]}}
    await world.add_policy(rules)
    paid_by = await world.add_package(credits=2) if end == "credit" else None
    session_id = await world.book(START, package_id=paid_by)
    await cancel_late(api, session_id)
    await rebook(api, session_id)
    await world.book(START, client_id=ben)
    await judge()
    mail = await read_mail(world, kind)
    assert "December 3, 2026" in mail.subject
    assert "When: Thursday, December 3, 2026" in mail.text
    # The place of then is not known: it may have been another.
    assert "Format:" not in mail.text
    assert f"This session is booked again: {LATER}" in mail.text


async def test_the_mail_about_a_waived_fee_names_the_time_of_the_end_that_cost_it(
    api: Api, staff: Api, world: World
) -> None:
    await world.add_policy(CREDITED | {"rebook": {"days": 30, "fee": "stands"}})
    session_id = await world.book(START)
    await cancel_late(api, session_id)
    await rebook(api, session_id)
    (fee,) = (await staff.get("/v1/practice/fees")).json()["items"]
    await staff.post(f"/v1/practice/fees/{fee['id']}/waive", {"reason": {"note": "Our mistake."}})
    mail = await read_mail(world, "fee_waived")
    assert "December 3, 2026" in mail.subject
    assert f"This session is booked again: {LATER}" in mail.text


async def read_mail(world: World, kind: str) -> Read:
    """Render the only mail of a kind to the client."""
    (row,) = await world.rows(Notification, kind=kind, recipient="client")
    async with world.engine.connect() as db:
        data = await load_mail_data(db, world.practice_id, row.id)
    assert data is not None
    return Read(data, world.settings)
