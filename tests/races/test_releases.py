"""A released time over real connections: taken while its client cancels, moves or keeps it."""

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import transact
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import Fee, Session
from app.tables.taken_times import TakenTime
from app.tables.waitlist import FreedTime, Offer
from app.waitlist.commands.release import end_release
from tests.drills.speaking import speakers
from tests.races.test_waitlist import accept, until_free
from tests.waiting import DAY, FREED, HOUR, LATE, TICK, another, put_wish, wait, work
from tests.world import NOW, Api, TestClock, World

pytestmark = pytest.mark.slow

ROUNDS = 6
FEE = {"deadline": {"before_minutes": 60 * 24 * 30}, "percent": "100"}
RULES = {"cancel": {"fees": [FEE], "release": True}}


class Round:
    """A released session, its client, and the offer of its time to somebody with a later one."""

    def __init__(self, own: Api, session_id: UUID, taker: Api, taker_id: UUID, offer: Any) -> None:
        self.own = own
        self.session_id = session_id
        self.taker = taker
        self.taker_session_id = taker_id
        self.offer = offer


async def released(world: World, api: Api, number: int, start: datetime) -> Round:
    ben = await world.add_client(name=f"B{number}", email=f"b{number}@client.example")
    ana = await world.add_client(name=f"A{number}", email=f"a{number}@client.example")
    own, taker = api.signed_in(world.token(ben)), api.signed_in(world.token(ana))
    session_id = await world.book(start, client_id=ben)
    taker_id = await world.book(start + 7 * DAY, client_id=ana)
    assert (await put_wish(taker, taker_id)).status_code == 201
    answer = await own.post(f"/v1/sessions/{session_id}/release", {})
    assert answer.status_code == 201, answer.text
    await work(world, NOW)
    (offer,) = await world.rows(Offer, client_id=ana, state="open")
    return Round(own, session_id, taker, taker_id, offer)


async def statuses(world: World, one: Round) -> tuple[str, bool]:
    """Give the status of the released session, and whether the taker's has moved there."""
    (own,) = await world.rows(Session, id=one.session_id)
    (taker,) = await world.rows(Session, id=one.taker_session_id)
    assert taker.status == "booked"
    return own.status, taker.starts_at == one.offer.starts_at


async def test_a_release_taken_while_its_client_cancels_is_free_or_not_taken(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)
    for number in range(ROUNDS):
        one = await released(world, api, number, FREED - number % 3 * HOUR + number // 3 * DAY)
        quote = (await one.own.session(one.session_id))["actions"]["cancel"]["quote"]
        async with speakers(address, 2) as (first, second):
            cancelling = Api(second, TestClock()).signed_in(one.own.token)
            accepted, cancelled = await asyncio.gather(
                accept(first, one.taker.token, one.offer),
                until_free(lambda by=cancelling, q=quote: by.cancel(one.session_id, quote=q)),  # noqa: B023
            )
        # A cancelled session can be cancelled again: the answer has the cost of then.
        assert cancelled.status_code == 200, cancelled.text
        fees = await world.rows(Fee, session_id=one.session_id)
        (change,) = await world.rows(Change, session_id=one.session_id, kind="cancelled")
        assert cancelled.json()["command_id"] == str(change.command_id)
        if accepted.is_success:
            assert cancelled.json()["fee"] is None
            assert fees == []
            assert await statuses(world, one) == ("cancelled", True)
        else:
            assert accepted.json()["code"] == "offer-gone"
            assert len(fees) == 1
            assert await statuses(world, one) == ("cancelled", False)
        taken = len(await world.rows(TakenTime, starts_at=one.offer.starts_at))
        assert taken == int(accepted.is_success)
        await one.taker.delete(f"/v1/sessions/{one.taker_session_id}/wish")


async def test_a_release_taken_while_its_client_keeps_or_moves_it_goes_one_way(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)

    async def keep(by: Api, one: Round) -> Response:
        path = f"/v1/sessions/{one.session_id}/release"
        return await until_free(lambda: by.delete(path))

    async def move(by: Api, one: Round) -> Response:
        quote = (await one.own.session(one.session_id))["actions"]["reschedule"]["quote"]
        to = one.offer.starts_at + 14 * DAY
        return await until_free(lambda: by.reschedule(one.session_id, to, quote=quote))

    for number in range(ROUNDS):
        one = await released(world, api, number, FREED - number % 3 * HOUR + number // 3 * DAY)
        act = (keep, move)[number % 2]
        async with speakers(address, 2) as (first, second):
            own = Api(second, TestClock()).signed_in(one.own.token)
            accepted, answered = await asyncio.gather(
                accept(first, one.taker.token, one.offer), act(own, one)
            )
        expected = ("cancelled", True) if accepted.is_success else ("booked", False)
        assert await statuses(world, one) == expected
        if act is move:
            assert answered.is_success is not accepted.is_success
        else:
            assert answered.status_code == 204
        fees = await world.rows(Fee, session_id=one.session_id)
        assert len(fees) == int(act is move and not accepted.is_success)
        await one.taker.delete(f"/v1/sessions/{one.taker_session_id}/wish")


async def test_of_many_who_accept_a_released_time_one_has_it(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)
    waiting = await wait(world, api)
    await world.change(Service, world.service_id, waitlist="all_at_once")
    crowd = [await another(world, api, number + 1) for number in range(6)]
    own = api.signed_in(world.token(waiting.other_id))
    assert (await own.post(f"/v1/sessions/{waiting.taken_id}/release", {})).status_code == 201
    await waiting.work()
    offers = {row.session_id: row for row in await world.rows(Offer)}
    async with speakers(address, len(crowd)) as all_of_them:
        answers = await asyncio.gather(
            *(
                accept(http, by.token, offers[session_id])
                for http, (by, session_id) in zip(all_of_them, crowd, strict=True)
            )
        )
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 5]
    assert len(await world.rows(TakenTime, starts_at=FREED)) == 1
    (row,) = await world.rows(Session, id=waiting.taken_id)
    assert (row.status, row.version) == ("cancelled", 2)


async def test_two_workers_end_a_release_once(api: Api, world: World, engine: AsyncEngine) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(LATE)
    assert (await api.post(f"/v1/sessions/{session_id}/release", {})).status_code == 201
    later = LATE - 2 * HOUR + TICK
    await asyncio.gather(
        *(
            transact(engine, lambda db: end_release(db, world.practice_id, session_id, now=later))
            for _ in range(6)
        )
    )
    assert len(await world.rows(Notification, kind="release_ended")) == 1
    assert len(await world.rows(Change, kind="release_ended")) == 1
    assert [row.ended_at for row in await world.rows(FreedTime)] == [later]


async def test_releases_sent_at_once_are_one(api: Api, world: World) -> None:
    await world.add_policy(RULES)
    session_id = await world.book(LATE)
    path = f"/v1/sessions/{session_id}/release"
    answers = await asyncio.gather(*(until_free(lambda: api.post(path, {})) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [*[200] * 5, 201]
    assert len(await world.rows(FreedTime, released=True)) == 1
