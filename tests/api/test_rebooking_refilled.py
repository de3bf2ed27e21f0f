"""Booking again after a late cancellation whose time others have taken, or may still take."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from app.tables.allowance_uses import AllowanceUse
from app.tables.sessions import Refill
from tests.api.test_refill import LATE, MINUTE, START, ben, cancel_late, judge
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
