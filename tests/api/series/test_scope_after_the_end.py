"""Previews of commands on several sessions whose named session has ended."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.api.series.conftest import Booked
from tests.world import NOW, Api, TestClock, World

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
REBOOK: dict[str, Any] = {
    "cancel": {"fees": [{"deadline": {"before_minutes": 14_400}, "amount_minor": 4500}]},
    "rebook": {"days": 30, "fee": "credited"},
}


@pytest.mark.parametrize("ending", ["cancelled", "noshow"])
@pytest.mark.parametrize("scope", ["this", "this_and_following"])
async def test_a_scope_books_nothing_again(
    api: Api,
    staff: Api,
    world: World,
    clock: TestClock,
    book_series: Booked,
    ending: str,
    scope: str,
) -> None:
    await world.add_policy(REBOOK)
    first, *_ = await book_series(START)
    if ending == "cancelled":
        quote = (await api.session(UUID(first)))["actions"]["cancel"]["quote"]
        assert (await api.cancel(UUID(first), quote=quote)).status_code == 200
    else:
        clock.now = START + HOUR
        path = f"/v1/practice/sessions/{first}/noshow"
        assert (await staff.post(path, {"charge_fee": False})).status_code == 200
    starts: tuple[dict[str, Any], ...] = ({}, {"start": (START + 48 * HOUR).isoformat()})
    for start in starts:
        answer = await api.get(
            f"/v1/sessions/{first}/scope", action="reschedule", scope=scope, **start
        )
        assert answer.status_code == 200
        shown = answer.json()
        assert (shown["allowed"], shown["quote"]) == (False, None)
        refused = shown["sessions"][0]
        assert refused["session_id"] == first
        assert refused["decision"]["refusal"]["code"] == "session-not-booked"


@pytest.mark.parametrize("scope", ["this", "this_and_following"])
async def test_a_cancellation_may_name_a_cancelled_session(
    api: Api, book_series: Booked, scope: str
) -> None:
    first, *others = await book_series(START)
    assert (await api.cancel(UUID(first))).status_code == 200
    answer = await api.get(f"/v1/sessions/{first}/scope", action="cancel", scope=scope)
    shown = answer.json()
    assert shown["allowed"] is True
    covered = [] if scope == "this" else others
    assert [one["session_id"] for one in shown["sessions"]] == covered
    assert (shown["staying"][0]["session_id"], shown["staying"][0]["why"]) == (first, "cancelled")
