"""A client who announces that they cannot come, against staff who mark the session."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.refused_attempts import RefusedAttempts
from app.tables.sessions import Fee, Session
from tests.patience import until
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
ROUNDS = 6
# Cancelling has closed already, months ahead: the served clock stands still.
RULES: dict[str, Any] = {
    "cancel": {
        "closes": {"before_minutes": 200_000},
        "fees": [{"deadline": {"before_minutes": 300_000}, "amount_minor": 4500}],
    }
}


async def announce(
    api: Api, session_id: UUID, *, free_time: bool, quote: str | None = None
) -> Response:
    body = {"reason": {"note": "I am ill."}, "free_time": free_time, "quote": quote}
    return await api.post(f"/v1/sessions/{session_id}/absence", body)


async def quote_of(api: Api, session_id: UUID) -> str:
    return str((await api.session(session_id))["actions"]["absence"]["quote"])


async def test_either_the_client_gives_up_the_time_or_staff_mark_it_as_missed(
    api: Api, world: World
) -> None:
    staff = api.signed_in(await world.key())
    await world.add_policy(RULES)
    for number in range(ROUNDS):
        start = START + number * timedelta(days=7)
        session_id = await world.book(start)
        quote = await quote_of(api, session_id)
        given_up, marked = await asyncio.gather(
            announce(api, session_id, free_time=True, quote=quote),
            staff.post(f"/v1/practice/sessions/{session_id}/noshow", {"charge_fee": True}),
        )
        assert sorted((given_up.status_code, marked.status_code)) == [200, 409]
        lost = given_up if given_up.status_code == 409 else marked
        assert lost.json()["code"] in {"session-not-booked", "quote-stale"}
        (session,) = await world.rows(Session, id=session_id)
        assert session.status == ("cancelled" if given_up.status_code == 200 else "noshow")
        assert len(await world.rows(Fee, session_id=session_id)) == 1


async def test_an_announcement_and_a_mark_at_once_both_hold_or_the_mark_came_first(
    api: Api, world: World
) -> None:
    staff = api.signed_in(await world.key())
    await world.add_policy(RULES)
    for number in range(ROUNDS):
        start = START + number * timedelta(days=7)
        session_id = await world.book(start)
        said, marked = await asyncio.gather(
            announce(api, session_id, free_time=False),
            staff.post(f"/v1/practice/sessions/{session_id}/noshow", {"charge_fee": True}),
        )
        assert marked.status_code == 200
        (session,) = await world.rows(Session, id=session_id)
        assert session.status == "noshow"
        assert (session.absence_change_id is not None) == (said.status_code == 200)
        if said.status_code != 200:
            assert said.json()["code"] == "session-not-booked"


async def test_of_many_announcements_at_once_one_is_made(api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(START)
    quote = await quote_of(api, session_id)
    answers = await asyncio.gather(
        *(announce(api, session_id, free_time=False) for _ in range(4)),
        *(announce(api, session_id, free_time=True, quote=quote) for _ in range(4)),
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await world.rows(Change, kind="absence_announced")) <= 1
    assert len(await world.rows(Change, kind="cancelled")) == 1
    assert len(await world.rows(Fee)) == 1
    (session,) = await world.rows(Session)
    assert (session.status, session.version) == ("cancelled", 2)


async def test_refusals_at_once_are_all_counted(api: Api, world: World) -> None:
    """The count is written after the response, so it is waited for."""
    await world.add_policy(RULES)
    session_id = await world.book(START)
    answers = await asyncio.gather(*(api.cancel(session_id) for _ in range(20)))
    assert {answer.json()["code"] for answer in answers} == {"notice-too-short"}

    async def all_counted() -> bool:
        return bool(sum(row.attempts for row in await world.rows(RefusedAttempts)) == 20)

    await until(all_counted)
    (row,) = await world.rows(RefusedAttempts)
    assert (row.action, row.code) == ("cancel", "notice-too-short")
