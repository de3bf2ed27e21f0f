"""The waitlist over real connections: yeses, workers, force and cancellations at the same time."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from asyncpg import LockNotAvailableError
from httpx import AsyncClient, Response
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.calendar.locks import lock_practitioner
from app.configuration.settings import Settings
from app.database.engine import connect
from app.database.transactions import transact
from app.tables.held_times import HeldTime
from app.tables.notifications import Notification
from app.tables.practices import Service
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from app.tables.waitlist import FreedTime, Offer, Wish
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.commands.offers import expire_offer, offer_freed_time
from tests.drills.speaking import speakers
from tests.races.test_waiting import wait_until_waiting
from tests.waiting import DAY, FREED, HOUR, LATE, TICK, another, put_wish, wait, work
from tests.world import NOW, Api, TestClock, World

pytestmark = pytest.mark.slow

ROUNDS = 5


async def until_free(request: Any) -> Response:
    """Send a request again, as a client would, while the service is busy."""
    while True:
        answer: Response = await request()
        if answer.status_code != 503:
            return answer


async def give_up(staff: Api, session_id: UUID) -> None:
    """Cancel a session, by staff."""
    body = {"charge_fee": False, "reason": {"note": "They cannot come."}}
    answer = await staff.post(f"/v1/practice/sessions/{session_id}/cancel", body)
    assert answer.is_success, answer.text


async def accept(http: AsyncClient, token: str | None, offer: Any) -> Response:
    """Accept an offer over a connection of its own."""
    own = Api(http, TestClock()).signed_in(token)
    return await until_free(lambda: own.post(f"/v1/offers/{offer.id}/accept", {}))


async def test_two_offers_accepted_at_once_by_one_client_move_one_session(
    address: str, api: Api, world: World
) -> None:
    staff = api.signed_in(await world.key())
    second = await world.add_practitioner(name="Dr. Sam Adler", email="sam@harbor.example")
    for number in range(ROUNDS):
        freed, late = FREED - number * HOUR, LATE + number * DAY
        client_id = await world.add_client(name=f"C{number}", email=f"c{number}@client.example")
        other_id = await world.add_client(name=f"D{number}", email=f"d{number}@client.example")
        own = api.signed_in(world.token(client_id))
        for hours, practitioner_id in enumerate((world.practitioner_id, second)):
            by: dict[str, Any] = {"practitioner_id": practitioner_id}
            session_id = await world.book(late + hours * HOUR, client_id=client_id, **by)
            assert (await put_wish(own, session_id)).status_code == 201
            start = freed + hours * DAY
            await give_up(staff, await world.book(start, client_id=other_id, **by))
        await work(world, NOW)
        offers = await world.rows(Offer, client_id=client_id, state="open")
        assert len(offers) == 2
        async with speakers(address, 2) as both:
            answers = await asyncio.gather(
                *(accept(http, own.token, offer) for http, offer in zip(both, offers, strict=True))
            )
        assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 1}
        (refused,) = [answer for answer in answers if answer.status_code == 409]
        assert refused.json()["code"] == "offer-gone"
        rows = await world.rows(Session, client_id=client_id)
        assert sorted(row.version for row in rows) == [1, 2]
        assert {row.status for row in rows} == {"booked"}
        states = [row.state for row in await world.rows(Wish, client_id=client_id)]
        assert sorted(states) == ["lapsed", "met"]
        assert await world.rows(HeldTime, client_id=client_id) == []


async def test_one_time_that_many_accept_at_once_goes_to_one(
    address: str, api: Api, world: World
) -> None:
    waiting = await wait(world, api)
    await world.change(Service, world.service_id, waitlist="all_at_once")
    crowd = [await another(world, api, number + 1) for number in range(6)]
    await waiting.free()
    await waiting.work()
    offers = {row.session_id: row for row in await world.rows(Offer)}
    async with speakers(address, len(crowd)) as all_of_them:
        answers = await asyncio.gather(
            *(
                accept(http, own.token, offers[session_id])
                for http, (own, session_id) in zip(all_of_them, crowd, strict=True)
            )
        )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: 5}
    assert len(await world.rows(TakenTime, starts_at=FREED)) == 1
    moved = await world.rows(Session, version=2, status="booked")
    assert [row.starts_at for row in moved] == [FREED]


async def test_an_offer_accepted_while_its_time_is_taken_by_force(
    address: str, api: Api, world: World
) -> None:
    waiting = await wait(world, api)
    staff = waiting.staff
    for number in range(ROUNDS):
        start, late = FREED - number * HOUR, LATE + (number + 1) * DAY
        client_id = await world.add_client(name=f"C{number}", email=f"c{number}@client.example")
        own = api.signed_in(world.token(client_id))
        session_id = await world.book(late, client_id=client_id)
        assert (await put_wish(own, session_id)).status_code == 201
        taken_id = waiting.taken_id
        if number:
            taken_id = await world.book(start, client_id=waiting.other_id)
        await give_up(staff, taken_id)
        await waiting.work()
        (offer,) = await world.rows(Offer, client_id=client_id)
        book = {
            "client_id": str(waiting.other_id),
            "practitioner_id": str(world.practitioner_id),
            "service_id": str(world.service_id),
            "start": start.isoformat(),
            "format": "video",
            "force": True,
        }
        async with speakers(address, 2) as (one, other):
            accepted, forced = await asyncio.gather(
                accept(one, own.token, offer), force(other, staff.token, book)
            )
        assert sorted((accepted.is_success, forced.is_success)) == [False, True]
        if accepted.is_success:
            assert forced.json()["code"] == "slot-unavailable"
        else:
            assert accepted.json()["code"] == "offer-gone"
        (row,) = await world.rows(Session, id=session_id)
        assert row.status == "booked"
        assert row.starts_at == (start if accepted.is_success else late)
        assert len(await world.rows(TakenTime, starts_at=start)) == 1
        # The next round is about its own client only.
        await own.delete(f"/v1/sessions/{session_id}/wish")


async def force(http: AsyncClient, token: str | None, body: dict[str, Any]) -> Response:
    """Book by force, over a connection of its own."""
    own = Api(http, TestClock()).signed_in(token)
    return await until_free(lambda: own.post("/v1/practice/sessions", body))


async def test_two_workers_expire_an_offer_once_and_ask_the_next_one_once(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    waiting = await wait(world, api)
    offer = await waiting.offered()
    await another(world, api, 1)
    later = offer.answer_by + TICK

    async def judge() -> None:
        await transact(engine, lambda db: expire_offer(db, world.practice_id, offer.id, now=later))
        await transact(
            engine,
            lambda db: offer_freed_time(db, world.practice_id, offer.freed_time_id, now=later),
        )

    await asyncio.gather(*(judge() for _ in range(6)))
    states = Counter(row.state for row in await world.rows(Offer))
    assert states == {"expired": 1, "open": 1}
    assert [row.unanswered for row in await world.rows(Wish, id=offer.wish_id)] == [1]
    assert len(await world.rows(Notification, kind="offer")) == 2
    assert len(await world.rows(HeldTime)) == 1


async def test_a_worker_that_waits_too_long_for_the_lock_asks_in_its_next_run(
    api: Api, world: World, engine: AsyncEngine
) -> None:
    waiting = await wait(world, api)
    await waiting.wish()
    await waiting.free()
    practice_id = world.practice_id
    await transact(
        engine, lambda db: collect_freed_times(db, practice_id, now=NOW, undo=timedelta(0))
    )
    (freed,) = await world.rows(FreedTime)

    async def impatient(db: AsyncConnection) -> None:
        await db.execute(text("SET LOCAL lock_timeout = '50ms'"))
        await offer_freed_time(db, practice_id, freed.id, now=NOW)

    async with engine.begin() as db:
        await lock_practitioner(db, practice_id, world.practitioner_id)
        with pytest.raises(LockNotAvailableError):
            await transact(engine, impatient)
    assert await world.rows(Offer) == []
    await waiting.work()
    assert [row.state for row in await world.rows(Offer)] == ["open"]


async def test_two_workers_find_a_freed_time_once(api: Api, world: World) -> None:
    waiting = await wait(world, api)
    await waiting.wish()
    await waiting.free()
    await asyncio.gather(*(work(world, NOW) for _ in range(4)))
    assert len(await world.rows(FreedTime)) == 1
    assert [row.state for row in await world.rows(Offer)] == ["open"]
    assert len(await world.rows(Notification, kind="offer")) == 1


async def test_a_session_cancelled_while_its_offer_is_accepted_ends_one_way(
    address: str, api: Api, world: World
) -> None:
    waiting = await wait(world, api)
    offer = await waiting.offered()
    async with speakers(address, 2) as (one, other):
        cancelling = Api(other, TestClock()).signed_in(api.token)
        accepted, cancelled = await asyncio.gather(
            accept(one, api.token, offer),
            until_free(lambda: cancelling.cancel(waiting.session_id)),
        )
    assert cancelled.is_success
    (row,) = await world.rows(Session, id=waiting.session_id)
    assert row.status == "cancelled"
    assert row.version == (3 if accepted.is_success else 2)
    assert await world.rows(TakenTime, id=waiting.session_id) == []
    ended = ("met", "accepted") if accepted.is_success else ("lapsed", "withdrawn")
    states = [(await world.rows(table))[0].state for table in (Wish, Offer)]
    assert tuple(states) == ended
    assert await world.rows(HeldTime) == []
    assert await world.rows(Notification, kind="offer_gone") == []


async def test_an_offer_withdrawn_while_the_worker_looks_at_its_time_frees_the_time(
    address: str, api: Api, world: World, settings: Settings, engine: AsyncEngine
) -> None:
    """Accepting an offer ends the client's other one, without the lock of its practitioner."""
    waiting = await wait(world, api)
    await world.change(Service, world.service_id, waitlist="all_at_once")
    second = await world.add_practitioner(name="Dr. Sam Adler", email="sam@harbor.example")
    massage = await world.add_service(name="Massage")
    await waiting.wish()
    for client_id, service_id in (
        (world.client_id, world.service_id),
        (await world.add_client(name="Eve", email="eve@client.example"), world.service_id),
        (await world.add_client(name="Dan", email="dan@client.example"), massage),
    ):
        by: dict[str, Any] = {"practitioner_id": second, "service_id": service_id}
        late = LATE + (1 + len(await world.rows(Wish))) * HOUR
        session_id = await world.book(late, client_id=client_id, **by)
        answer = await put_wish(api.signed_in(world.token(client_id)), session_id)
        assert answer.status_code == 201, answer.text
    # The oldest wish decides how clients are asked; the server's clock stands still.
    (last,) = await world.rows(Wish, service_id=massage)
    await world.change(Wish, last.id, made_at=NOW + TICK)
    await waiting.free()
    taken_id = await world.book(FREED + DAY, client_id=waiting.other_id, practitioner_id=second)
    await give_up(waiting.staff, taken_id)
    await work(world, NOW)
    (accepted,) = await world.rows(Offer, practitioner_id=world.practitioner_id)
    (withdrawn,) = await world.rows(Offer, practitioner_id=second, client_id=world.client_id)
    (declined,) = [one for one in await world.rows(Offer) if one.client_id != world.client_id]
    own = api.signed_in(world.token(declined.client_id))
    assert (await own.post(f"/v1/offers/{declined.id}/decline", {})).is_success
    freed_id = withdrawn.freed_time_id
    holder = await connect(settings.owner_url)
    async with speakers(address, 1) as (http,):
        async with holder.transaction():
            await holder.execute(
                "SELECT FROM freed_times WHERE practice_id = $1 AND id = $2 FOR UPDATE",
                world.practice_id,
                freed_id,
            )
            accepting = asyncio.create_task(accept(http, api.token, accepted))
            await wait_until_waiting(world, holder)
            looking = asyncio.create_task(
                transact(
                    engine,
                    lambda db: offer_freed_time(db, world.practice_id, freed_id, now=NOW),
                )
            )
            await wait_until_waiting(world, holder, 2)
        assert (await accepting).is_success
        await looking
    await holder.close()
    assert [row.state for row in await world.rows(Offer, id=withdrawn.id)] == ["withdrawn"]
    await work(world, NOW)
    (offer,) = await world.rows(Offer, state="open")
    assert (offer.service_id, offer.starts_at) == (massage, FREED + DAY)
