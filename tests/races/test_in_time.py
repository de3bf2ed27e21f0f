"""A request that came in time and waits for the lock that the worker has after the last instant.

The server's clock stays at `NOW`, when each request comes in. The worker's clock is past what the
request answers to; it has the practitioner's lock first. Until half a minute after the last instant
it must leave everything as it is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_practitioner
from app.move_requests.closing import close_due_requests
from app.outbox.due import STILL_WAITING
from app.tables.changes import Change
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer, Wish
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.tasks import steps
from tests.races.test_waiting import wait_until_waiting
from tests.waiting import (
    DAY,
    FREED,
    HOUR,
    LATE,
    MANY,
    MINUTE,
    TICK,
    UNDO,
    Waiting,
    another,
    put_wish,
    wait,
    work,
)
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

FEE = {"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}
RELEASING = {"cancel": {"fees": [FEE], "release": True}}
CLOSED = {"cancel": {"enabled": False}, "reschedule": {"enabled": False}}
REQUESTS = "/v1/practice/move-requests"

Pass = Callable[[AsyncConnection], Awaitable[None]]


async def after_the_worker(world: World, request: Awaitable[Response], run: Pass) -> Response:
    """Send a request, which waits for the practitioner's lock until the worker's pass is over."""
    async with world.engine.begin() as db:
        await lock_practitioner(db, world.practice_id, world.practitioner_id)
        waiting = asyncio.ensure_future(request)
        connection: Any = (await db.get_raw_connection()).driver_connection
        await wait_until_waiting(world, connection)
        await run(db)
    return await waiting


def waitlists(world: World, now: datetime) -> Pass:
    """Give the worker's pass over the waitlists of this practice at an instant."""

    async def run(db: AsyncConnection) -> None:
        await collect_freed_times(db, world.practice_id, now=now, undo=UNDO)
        for step in steps(now):
            for practice_id, row_id in await step.find(db, MANY):
                if practice_id == world.practice_id:
                    await step.command(db, practice_id, row_id)

    return run


async def accept(api: Api, offer: Any) -> Response:
    return await api.post(f"/v1/offers/{offer.id}/accept", {})


async def decline(api: Api, offer: Any) -> Response:
    return await api.post(f"/v1/offers/{offer.id}/decline", {})


@pytest.mark.parametrize("mode", ["in_turn", "all_at_once"])
@pytest.mark.parametrize(("answer", "state"), [(accept, "accepted"), (decline, "declined")])
async def test_an_answer_to_an_offer(
    api: Api, world: World, mode: str, answer: Any, state: str
) -> None:
    await world.change(Service, world.service_id, waitlist=mode)
    waiting = await wait(world, api)
    offer = await waiting.offered()
    late = offer.answer_by + STILL_WAITING
    answered = await after_the_worker(world, answer(api, offer), waitlists(world, late))
    assert answered.status_code == 200, answered.text
    assert [row.state for row in await world.rows(Offer)] == [state]
    await work(world, late + TICK)
    assert [row.state for row in await world.rows(Offer)] == [state]


async def test_nobody_else_is_asked_while_an_answer_may_still_wait(api: Api, world: World) -> None:
    waiting = await wait(world, api)
    offer = await waiting.offered()
    await another(world, api, 1)
    last = offer.answer_by + STILL_WAITING
    await work(world, last)
    assert [row.state for row in await world.rows(Offer)] == ["open"]
    (freed,) = await world.rows(FreedTime)
    assert freed.look_at == last
    await work(world, last + TICK)
    assert sorted(row.state for row in await world.rows(Offer)) == ["expired", "open"]


@pytest.mark.parametrize("mode", ["in_turn", "all_at_once"])
async def test_an_answer_for_a_released_time(api: Api, world: World, mode: str) -> None:
    """The offer and the release end at the same instant."""
    await world.add_policy(RELEASING)
    await world.change(Service, world.service_id, waitlist=mode)
    waiting = await wait(world, api)
    await waiting.wish()
    own = api.signed_in(world.token(waiting.other_id))
    until = NOW + 10 * MINUTE
    released = await own.post(
        f"/v1/sessions/{waiting.taken_id}/release", {"until": until.isoformat()}
    )
    assert released.status_code == 201, released.text
    await work(world, NOW)
    (offer,) = await world.rows(Offer, state="open")
    assert offer.answer_by == until
    late = until + STILL_WAITING
    answered = await after_the_worker(world, accept(api, offer), waitlists(world, late))
    assert answered.status_code == 200, answered.text
    (given_up,) = await world.rows(Session, id=waiting.taken_id)
    assert given_up.status == "cancelled"


@pytest.mark.parametrize("mode", ["in_turn", "all_at_once"])
async def test_a_release_that_nobody_has_used_is_ended_and_told_once(
    api: Api, world: World, mode: str
) -> None:
    await world.add_policy(RELEASING)
    await world.change(Service, world.service_id, waitlist=mode)
    session_id = await world.book(LATE)
    until = NOW + HOUR
    path = f"/v1/sessions/{session_id}/release"
    assert (await api.post(path, {"until": until.isoformat()})).status_code == 201
    for now in (NOW, until, until + TICK, until + STILL_WAITING):
        await work(world, now)
    assert await world.rows(Notification, kind="release_ended") == []
    assert [row.ended_at for row in await world.rows(FreedTime)] == [None]
    for now in (until + STILL_WAITING + TICK, until + DAY):
        await work(world, now)
    assert len(await world.rows(Notification, kind="release_ended")) == 1
    assert [row.release_until for row in await world.rows(Session)] == [None]


async def wishing(world: World, api: Api, until: datetime) -> Waiting:
    waiting = await wait(world, api)
    await waiting.wish(until=until.isoformat())
    return waiting


async def test_a_wish_that_is_changed_in_time_keeps_its_place(api: Api, world: World) -> None:
    until = NOW + HOUR
    waiting = await wishing(world, api, until)
    change = put_wish(api, waiting.session_id, until=(LATE - DAY).isoformat())
    changed = await after_the_worker(world, change, waitlists(world, until + STILL_WAITING))
    assert changed.status_code == 200, changed.text
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]


async def test_an_offer_to_somebody_whose_wish_ends_before_it(api: Api, world: World) -> None:
    """They have changed the wish while the offer was open."""
    waiting = await wait(world, api)
    offer = await waiting.offered()
    until = NOW + MINUTE
    await waiting.wish(until=until.isoformat())
    late = until + STILL_WAITING
    answered = await after_the_worker(world, accept(api, offer), waitlists(world, late))
    assert answered.status_code == 200, answered.text
    assert [row.state for row in await world.rows(Wish)] == ["met"]


async def test_a_wish_lapses_half_a_minute_after_its_last_instant(api: Api, world: World) -> None:
    until = NOW + HOUR
    await wishing(world, api, until)
    await work(world, until + STILL_WAITING)
    assert [row.state for row in await world.rows(Wish)] == ["waiting"]
    await work(world, until + STILL_WAITING + TICK)
    assert [row.state for row in await world.rows(Wish)] == ["lapsed"]


async def test_a_client_who_takes_back_a_cancellation_in_time(api: Api, world: World) -> None:
    """Nobody is asked for the time while the undo may still wait."""
    waiting = await wait(world, api)
    await waiting.wish()
    own = api.signed_in(world.token(waiting.other_id))
    assert (await own.cancel(waiting.taken_id)).status_code == 200
    late = NOW + UNDO + STILL_WAITING - TICK
    undo = own.post(f"/v1/sessions/{waiting.taken_id}/undo", None)
    undone = await after_the_worker(world, undo, waitlists(world, late))
    assert undone.status_code == 200, undone.text
    await work(world, late + TICK)
    assert await world.rows(Offer) == []


async def ask(api: Api, world: World, answer_by: datetime, *session_ids: UUID) -> None:
    staff = api.signed_in(await world.key())
    body = {
        "sessions": [str(session_id) for session_id in session_ids],
        "answer_by": answer_by.isoformat(),
        "meanwhile": "keep",
    }
    assert (await staff.post(REQUESTS, body)).status_code == 201


@pytest.mark.alone
@pytest.mark.parametrize("last", ["answer_by", "start"])
async def test_an_answer_to_a_move_request(api: Api, world: World, last: str) -> None:
    """The request comes at an instant before the worker's pass, and gets the lock after it."""
    await world.add_policy(CLOSED)
    session_id = await world.book(FREED)
    until = FREED - DAY if last == "answer_by" else FREED
    await ask(api, world, until if last == "answer_by" else FREED + DAY, session_id)
    # Exactly at `answer_by` is in time, exactly at the start is not.
    late = until + STILL_WAITING - (TICK if last == "start" else timedelta(0))
    await close_due_requests(world.engine, late)
    answered = await api.reschedule(session_id, LATE)
    assert answered.status_code == 200, answered.text
    assert [row.state for row in await world.rows(MoveRequestSession)] == ["moved"]


@pytest.mark.alone
@pytest.mark.parametrize("last", ["answer_by", "start"])
async def test_a_move_request_is_closed_half_a_minute_later(
    api: Api, world: World, last: str
) -> None:
    session_id = await world.book(FREED)
    until = FREED - DAY if last == "answer_by" else FREED
    await ask(api, world, until if last == "answer_by" else FREED + DAY, session_id)
    await close_due_requests(world.engine, until + STILL_WAITING - TICK)
    assert [row.state for row in await world.rows(MoveRequestSession)] == ["asked"]
    await close_due_requests(world.engine, until + STILL_WAITING + TICK)
    assert [row.state for row in await world.rows(MoveRequestSession)] == ["kept"]
    assert len(await world.rows(Change, subject="move_request", kind="closed")) == 1


@pytest.mark.alone
async def test_a_session_that_has_just_started_is_not_closed_with_an_earlier_one(
    api: Api, world: World
) -> None:
    first, second = await world.book(FREED), await world.book(FREED + HOUR)
    await ask(api, world, FREED + DAY, first, second)
    await close_due_requests(world.engine, FREED + HOUR + TICK)
    found = {row.session_id: row.state for row in await world.rows(MoveRequestSession)}
    assert found == {first: "kept", second: "asked"}
    assert [row.told_at for row in await world.rows(MoveRequest)] == [None]
