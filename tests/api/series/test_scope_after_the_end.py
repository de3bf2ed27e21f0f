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


LATER = START + 96 * HOUR


@pytest.fixture(params=["cancelled", "noshow", "asked"])
async def ended(
    request: pytest.FixtureRequest,
    api: Api,
    staff: Api,
    world: World,
    clock: TestClock,
    book_series: Booked,
) -> str:
    """The first session of a series, which has ended and could be booked again."""
    await world.add_policy(REBOOK)
    first, *_ = await book_series(START)
    if request.param == "cancelled":
        quote = (await api.session(UUID(first)))["actions"]["cancel"]["quote"]
        assert (await api.cancel(UUID(first), quote=quote)).status_code == 200
    elif request.param == "noshow":
        clock.now = START + HOUR
        path = f"/v1/practice/sessions/{first}/noshow"
        assert (await staff.post(path, {"charge_fee": False})).status_code == 200
    else:
        asked = {"sessions": [first], "answer_by": START.isoformat(), "meanwhile": "cancel"}
        answer = await staff.post("/v1/practice/move-requests", asked)
        assert answer.status_code == 201, answer.text
    return str(first)


@pytest.mark.parametrize("start", [{}, {"start": LATER.isoformat()}])
async def test_a_scope_books_nothing_again(api: Api, ended: str, start: dict[str, str]) -> None:
    query: dict[str, Any] = {"action": "reschedule", "scope": "this_and_following"} | start
    shown = (await api.get(f"/v1/sessions/{ended}/scope", **query)).json()
    assert (shown["allowed"], shown["quote"]) == (False, None)
    refused = shown["sessions"][0]
    assert refused["session_id"] == ended
    assert refused["decision"]["refusal"]["code"] == "session-not-booked"
    body: dict[str, Any] = {"scope": "this_and_following"}
    answer = await api.reschedule(UUID(ended), LATER, **body)
    assert answer.status_code == 409
    assert "session-not-booked" in {answer.json()["code"], answer.json().get("refusal")}


@pytest.mark.parametrize("start", [{}, {"start": LATER.isoformat()}])
async def test_alone_it_is_previewed_as_the_command_judges_it(
    api: Api, ended: str, start: dict[str, str]
) -> None:
    query: dict[str, Any] = {"action": "reschedule", "scope": "this"} | start
    shown = (await api.get(f"/v1/sessions/{ended}/scope", **query)).json()
    assert (shown["allowed"], shown["conflicts"]) == (True, [])
    own = (await api.session(UUID(ended)))["actions"]["reschedule"]
    (covered,) = shown["sessions"]
    quotes = {"quote", "quote_expires_at"}
    assert {name: covered["decision"][name] for name in own.keys() - quotes} == {
        name: own[name] for name in own.keys() - quotes
    }
    answer = await api.reschedule(UUID(ended), LATER, quote=shown["quote"])
    assert answer.status_code == 200, answer.text


async def test_at_its_former_time_it_is_booked_again_too(
    api: Api, world: World, book_series: Booked
) -> None:
    await world.add_policy(REBOOK)
    first, *_ = await book_series(START)
    quote = (await api.session(UUID(first)))["actions"]["cancel"]["quote"]
    assert (await api.cancel(UUID(first), quote=quote)).status_code == 200
    query: dict[str, Any] = {"action": "reschedule", "scope": "this", "start": START.isoformat()}
    shown = (await api.get(f"/v1/sessions/{first}/scope", **query)).json()
    (covered,) = shown["sessions"]
    assert covered["decision"]["carries"] is not None
    answer = await api.reschedule(UUID(first), START, quote=shown["quote"])
    assert answer.status_code == 200, answer.text


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
