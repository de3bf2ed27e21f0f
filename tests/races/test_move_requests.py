"""Commands on one move request at the same time: it is answered, withdrawn and closed once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.move_requests.commands.close import close_request
from app.tables.changes import Change
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.sessions import Fee, Session
from app.tables.webhooks import WebhookEndpoint
from tests.drills.speaking import speakers
from tests.races.test_waiting import held, held_row, wait_until_waiting
from tests.world import NOW, Api, TestClock, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
REQUESTS = "/v1/practice/move-requests"
ROUNDS = 6
# After an answer, the policy permits nothing.
CLOSED = {"cancel": {"enabled": False}, "reschedule": {"enabled": False}}


async def _answer(api: Api, session_id: UUID, to: int) -> Response:
    """Move the session, or cancel it (`to` 0); again, as a client would, if it is busy."""
    while True:
        if to:
            answer = await api.reschedule(session_id, START + to * DAY)
        else:
            answer = await api.cancel(session_id)
        if answer.status_code != 503:
            return answer


async def _ask(staff: Api, session_id: UUID) -> str:
    """Ask the client of a session to move it, and return the id of the request."""
    body = {
        "sessions": [str(session_id)],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
    }
    asked = await staff.post(REQUESTS, body)
    assert asked.status_code == 201, asked.text
    found: str = asked.json()["id"]
    return found


async def test_a_request_that_is_answered_twice_is_answered_once(
    address: str, api: Api, world: World
) -> None:
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    await world.add_policy(CLOSED)
    staff = api.signed_in(await world.key())
    for number in range(ROUNDS):
        session_id = await world.book(START + 7 * number * DAY)
        await _ask(staff, session_id)
        base = 7 * number
        targets = (base + 1, 0) if number % 2 else (base + 1, base + 4)
        async with speakers(address, 2) as both:
            answers = await asyncio.gather(
                *(
                    _answer(Api(http, TestClock()).signed_in(world.token()), session_id, to)
                    for http, to in zip(both, targets, strict=True)
                )
            )
        assert sum(answer.is_success for answer in answers) == 1
        (refused,) = [answer for answer in answers if not answer.is_success]
        assert refused.json()["code"] in {"action-disabled", "session-not-booked"}
        (asked,) = await world.rows(MoveRequestSession, session_id=session_id)
        (row,) = await world.rows(Session, id=session_id)
        assert asked.state == ("moved" if row.status == "booked" else "cancelled")
        assert row.version == 2
        events = await world.rows(Notification, kind="move_request.answered", session_id=session_id)
        assert len(events) == 1
    assert await world.rows(Fee) == []


async def test_a_request_that_is_withdrawn_twice_is_withdrawn_by_the_first(
    api: Api, world: World, clock: TestClock, settings: Settings
) -> None:
    staff = api.signed_in(await world.key())
    request_id = await _ask(staff, await world.book(START))
    withdraw = f"{REQUESTS}/{request_id}/withdraw"
    async with held(settings, world) as holder:
        first = asyncio.create_task(staff.post(withdraw, {}))
        await wait_until_waiting(world, holder)
        clock.now += timedelta(seconds=1)
        second = asyncio.create_task(staff.post(withdraw, {}))
        await wait_until_waiting(world, holder, others=2)
    answers = [(await task).json() for task in (first, second)]
    assert answers[0] == answers[1]
    assert answers[0]["command_id"] is not None
    (request,), (asked,) = await world.rows(MoveRequest), await world.rows(MoveRequestSession)
    assert request.withdrawn_at == asked.answered_at
    assert len(await world.rows(Change, subject="move_request", kind="withdrawn")) == 1


async def test_a_request_without_open_sessions_is_closed_once(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    staff = api.signed_in(await world.key())
    session_id = await world.book(START)
    request_id = UUID(await _ask(staff, session_id))
    assert (await api.cancel(session_id)).status_code == 200
    later = NOW + 2 * DAY
    await asyncio.gather(*(_close(engine, world, request_id, later) for _ in range(ROUNDS)))
    assert len(await world.rows(Change, subject="move_request", kind="closed")) == 1


@pytest.mark.parametrize("meanwhile", ["keep", "cancel"])
@pytest.mark.parametrize("choice", ["range", "misfits"])
async def test_a_session_that_leaves_the_choice_meanwhile_is_left_alone(
    api: Api, world: World, settings: Settings, choice: str, meanwhile: str
) -> None:
    """Its client has just moved it out of the range, or to a time that fits."""
    staff = api.signed_in(await world.key())
    session_id = await world.book(START)
    who = str(world.practitioner_id)
    chosen = {
        "range": {
            "practitioner_id": who,
            "from": START.isoformat(),
            "to": (START + DAY).isoformat(),
        },
        "misfits": {"misfits_of": who},
    }[choice]
    off = {"starts_at": START.isoformat(), "ends_at": (START + DAY).isoformat()}
    made = await staff.post(f"/v1/practice/practitioners/{who}/time-off", off)
    assert made.status_code == 201, made.text
    terms = {"answer_by": (NOW + DAY).isoformat(), "meanwhile": meanwhile}
    async with held(settings, world) as holder:
        moved = asyncio.create_task(api.reschedule(session_id, START + 14 * DAY))
        await wait_until_waiting(world, holder)
        asked = asyncio.create_task(staff.post(REQUESTS, chosen | terms))
        await wait_until_waiting(world, holder, others=2)
    assert (await moved).status_code == 200
    refused = await asked
    assert refused.status_code == 422, refused.text
    pointers = [one["pointer"] for one in refused.json()["errors"]]
    assert pointers == ["/practitioner_id" if choice == "range" else "/misfits_of"]
    (row,) = await world.rows(Session)
    assert (row.status, row.starts_at) == ("booked", START + 14 * DAY)
    assert await world.rows(MoveRequest) == []


async def _ask_two(staff: Api, world: World, answer_by: datetime) -> tuple[UUID, UUID]:
    """Ask the client of two sessions; give the ids of the request and of the second session."""
    ids = [await world.book(START + number * DAY) for number in range(2)]
    body = {
        "sessions": [str(one) for one in ids],
        "answer_by": answer_by.isoformat(),
        "meanwhile": "keep",
    }
    asked = await staff.post(REQUESTS, body)
    assert asked.status_code == 201, asked.text
    return UUID(asked.json()["id"]), ids[1]


async def test_withdrawing_beside_an_answer_taken_back_leaves_nothing_open(
    api: Api, world: World, settings: Settings
) -> None:
    staff = api.signed_in(await world.key())
    request_id, session_id = await _ask_two(staff, world, NOW + DAY)
    assert (await api.reschedule(session_id, START + 8 * DAY)).status_code == 200
    async with held(settings, world) as holder:
        undone = asyncio.create_task(api.post(f"/v1/sessions/{session_id}/undo", None))
        await wait_until_waiting(world, holder)
        withdrawn = asyncio.create_task(staff.post(f"{REQUESTS}/{request_id}/withdraw", {}))
        await wait_until_waiting(world, holder, others=2)
    assert (await undone).status_code == 200
    assert (await withdrawn).status_code == 200
    await _is_over(api, staff, world, session_id, "withdrawn", NOW + 2 * DAY)


async def test_an_answer_taken_back_beside_a_withdrawal_of_another_practitioner(
    api: Api, world: World, settings: Settings
) -> None:
    """The answered session is the only one of its practitioner: the two share no other lock."""
    staff = api.signed_in(await world.key())
    other = await world.add_practitioner()
    first, second = await world.book(START), await world.book(START + DAY, practitioner_id=other)
    body = {
        "sessions": [str(first), str(second)],
        "answer_by": (NOW + DAY).isoformat(),
        "meanwhile": "keep",
    }
    request_id = (await staff.post(REQUESTS, body)).json()["id"]
    assert (await api.reschedule(second, START + 8 * DAY)).status_code == 200
    async with held_row(settings, world, "practitioners", other) as holder:
        undone = asyncio.create_task(api.post(f"/v1/sessions/{second}/undo", None))
        await wait_until_waiting(world, holder)
        withdrawn = asyncio.create_task(staff.post(f"{REQUESTS}/{request_id}/withdraw", {}))
        await wait_until_waiting(world, holder, others=2)
    assert (await undone).status_code == 200
    assert (await withdrawn).status_code == 200
    await _is_over(api, staff, world, second, "withdrawn", NOW + 2 * DAY)


@pytest.mark.parametrize("first", ["undo", "close"])
async def test_closing_beside_an_answer_taken_back_leaves_nothing_open(
    api: Api, world: World, settings: Settings, first: str
) -> None:
    """The answer is taken back in time, and waits for a lock until the worker closes."""
    staff = api.signed_in(await world.key())
    by = NOW + timedelta(hours=1)
    request_id, session_id = await _ask_two(staff, world, by)
    assert (await api.reschedule(session_id, START + 8 * DAY)).status_code == 200
    calls: dict[str, Callable[[], Awaitable[Any]]] = {
        "undo": lambda: api.post(f"/v1/sessions/{session_id}/undo", None),
        "close": lambda: _close(world.engine, world, request_id, by + DAY),
    }
    (second,) = calls.keys() - {first}
    async with held(settings, world) as holder:
        earlier = asyncio.ensure_future(calls[first]())
        await wait_until_waiting(world, holder)
        later = asyncio.ensure_future(calls[second]())
        await wait_until_waiting(world, holder, others=2)
    undone = (await asyncio.gather(earlier, later))[0 if first == "undo" else 1]
    assert undone is not None
    assert undone.status_code == 200, undone.text
    state = "kept" if first == "undo" else "moved"
    await _is_over(api, staff, world, session_id, state, by + DAY)


async def _is_over(
    api: Api, staff: Api, world: World, session_id: UUID, state: str, answer_by: datetime
) -> None:
    """Nothing is open for a session, and the practice can ask again."""
    assert await world.rows(MoveRequestSession, state="asked") == []
    (asked,) = await world.rows(MoveRequestSession, session_id=session_id)
    assert asked.state == state
    assert (await api.session(session_id))["move_request"] is None
    body = {
        "sessions": [str(session_id)],
        "answer_by": answer_by.isoformat(),
        "meanwhile": "keep",
    }
    again = await staff.post(REQUESTS, body)
    assert again.status_code == 201, again.text


async def _close(engine: AsyncEngine, world: World, request_id: UUID, now: datetime) -> None:
    await transact(
        engine, lambda db: close_request(db, world.practice_id, request_id, until=now, now=now)
    )
