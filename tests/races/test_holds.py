"""Many want a time that somebody holds: the holder gets it, and nobody else."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import delete

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.domain.errors import DomainError
from app.domain.session import Format
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, ClientOrder
from app.sessions.commands.reschedule import reschedule
from app.tables.held_times import HeldTime
from app.tables.sessions import Session
from tests.drills.speaking import speakers
from tests.groups import CLASS, add_clients, add_group, add_seat
from tests.holds import put_hold
from tests.world import NOW, REASON, Api, TestClock, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
CROWD = 50
ROUNDS = 12


def codes(answers: Sequence[Response]) -> Counter[str]:
    """Count the answers by code; a success counts as "ok"."""
    return Counter("ok" if answer.is_success else str(answer.json()["code"]) for answer in answers)


async def insist(api: Api, method: str, path: str, body: object) -> Response:
    """Send a request; again, as a client would, if the service is busy."""
    while True:
        answer = await getattr(api, method)(path, body)
        if answer.status_code != 503:
            assert isinstance(answer, Response)
            return answer


async def take(api: Api, session_id: UUID, start: datetime = START) -> Response:
    body = {"start": start.isoformat(), "format": "video", "reason": REASON}
    return await insist(api, "post", f"/v1/sessions/{session_id}/reschedule", body)


async def hold(api: Api, session_id: UUID, start: datetime = START) -> Response:
    body = {"start": start.isoformat(), "format": "video"}
    return await insist(api, "put", f"/v1/sessions/{session_id}/hold", body)


async def crowd_of(world: World, size: int) -> list[tuple[UUID, UUID]]:
    """Book a session for each of many clients, on other days."""
    clients = await add_clients(world, size)
    starts = [START + 7 * DAY + number * HOUR for number in range(size)]
    return [
        (client_id, await world.book(start, client_id=client_id))
        for client_id, start in zip(clients, starts, strict=True)
    ]


async def at_start(world: World) -> list[UUID]:
    return [row.id for row in await world.rows(Session) if row.starts_at == START]


@pytest.mark.parametrize("force", [False, True])
async def test_of_50_takers_of_a_held_time_none_gets_it_but_the_holder(
    address: str, world: World, *, force: bool
) -> None:
    """Half of them want to move there, half to hold it, and staff want to book it too."""
    holder = await world.book(START + DAY)
    crowd = await crowd_of(world, CROWD)
    key = await world.key()
    async with speakers(address, CROWD + 2) as voices:
        mine, staff, *others = [Api(http, TestClock()) for http in voices]
        mine, staff = mine.signed_in(world.token()), staff.signed_in(key)
        assert (await hold(mine, holder)).status_code == 200
        body = {
            "client_id": str(crowd[0][0]),
            "practitioner_id": str(world.practitioner_id),
            "service_id": str(world.service_id),
            "start": START.isoformat(),
            "format": "video",
            "force": force,
        }
        takers = [
            (take if number % 2 else hold)(api.signed_in(world.token(client_id)), session_id)
            for number, (api, (client_id, session_id)) in enumerate(zip(others, crowd, strict=True))
        ]
        booked, moved, *answers = await asyncio.gather(
            insist(staff, "post", "/v1/practice/sessions", body), take(mine, holder), *takers
        )
    assert codes(answers) == {"slot-unavailable": CROWD}
    there = await at_start(world)
    assert len(there) == 1
    if force:
        assert codes([booked, moved]) == {"ok": 1, "slot-unavailable": 1}
    else:
        assert codes([booked]) == {"slot-unavailable": 1}
        assert moved.status_code == 200
        assert there == [holder]


async def test_of_50_who_hold_one_time_at_once_one_does(address: str, world: World) -> None:
    crowd = await crowd_of(world, CROWD)
    async with speakers(address, CROWD) as voices:
        answers = await asyncio.gather(
            *(
                hold(Api(http, TestClock()).signed_in(world.token(client_id)), session_id)
                for http, (client_id, session_id) in zip(voices, crowd, strict=True)
            )
        )
        assert codes(answers) == {"ok": 1, "slot-unavailable": CROWD - 1}
        winner = next(n for n, answer in enumerate(answers) if answer.is_success)
        (row,) = await world.rows(HeldTime)
        assert row.session_id == crowd[winner][1]
        until = {answer.json().get("held_until") for answer in answers if not answer.is_success}
        assert {datetime.fromisoformat(instant) for instant in until} == {row.expires_at}


async def test_a_client_who_holds_for_many_sessions_at_once_holds_three(
    api: Api, world: World
) -> None:
    """With practitioners of their own, whose locks are not the same."""
    sessions = []
    for number in range(8):
        other = await world.add_practitioner(name=f"Dr. {number}")
        start = START + 7 * DAY + number * HOUR
        sessions.append(await world.book(start, practitioner_id=other))
    starts = [START - HOUR + n * HOUR for n in range(8)]
    answers = await asyncio.gather(
        *(hold(api, session_id, start) for session_id, start in zip(sessions, starts, strict=True))
    )
    assert codes(answers) == {"ok": 3, "rate-limited": 5}
    rows = await world.rows(HeldTime)
    assert len([row for row in rows if row.expires_at > NOW]) == 3


async def test_one_session_that_holds_several_times_at_once_holds_one(
    api: Api, world: World
) -> None:
    session_id = await world.book(START + DAY)
    starts = [START + n * HOUR for n in range(6)]
    answers = await asyncio.gather(*(hold(api, session_id, start) for start in starts))
    assert codes(answers) == {"ok": 6}
    (row,) = await world.rows(HeldTime)
    assert (row.starts_at in starts, row.new_count) == (True, 6)


async def test_the_last_seat_is_held_by_one_of_many(address: str, world: World) -> None:
    group_id = await add_group(world, seats=1)
    away = await add_group(world, CLASS + 7 * DAY, seats=20)
    clients = await add_clients(world, 20)
    seats = [await add_seat(world, away, client_id=client_id) for client_id in clients]
    body = {"group_id": str(group_id)}
    async with speakers(address, 20) as voices:
        callers = [
            Api(http, TestClock()).signed_in(world.token(client_id))
            for http, client_id in zip(voices, clients, strict=True)
        ]
        held = await asyncio.gather(
            *(
                insist(api, "put", f"/v1/sessions/{seat}/hold", body)
                for api, seat in zip(callers, seats, strict=True)
            )
        )
        moved = await asyncio.gather(
            *(
                insist(api, "post", f"/v1/sessions/{seat}/reschedule", body | {"reason": REASON})
                for api, seat in zip(callers, seats, strict=True)
            )
        )
    assert codes(held) == {"ok": 1, "slot-unavailable": 19}
    assert codes(moved) == {"ok": 1, "slot-unavailable": 19}
    assert [a.is_success for a in held] == [a.is_success for a in moved]


async def move(
    world: World, settings: Settings, who: tuple[UUID, UUID], to: datetime, at: datetime
) -> str:
    """Move a session by a request of the instant `at`; give the code of its answer."""
    client_id, session_id = who
    caller = Caller(world.practice_id, client_id, 0)
    order = ClientOrder(ChangeReason("work", "A meeting was put on this hour."), None, None)
    try:
        await transact(
            world.engine,
            lambda db: reschedule(
                db,
                caller,
                session_id,
                requested=WantedMove(to, Format.VIDEO),
                order=order,
                quotes=Quotes(settings.keys, timedelta(minutes=10)),
                now=at,
            ),
        )
    except DomainError as error:
        return error.code
    return "ok"


@pytest.mark.parametrize("holder_first", [True, False])
async def test_of_a_hold_that_expires_during_the_move_exactly_one_profits(
    world: World, settings: Settings, *, holder_first: bool
) -> None:
    """The holder's request came before the expiry, the other one after it; both wait for a lock.

    Whoever gets the lock first gets the time: in each round one of them, and only one.
    """
    holder, other = await crowd_of(world, 2)
    aside = {holder: START + 2 * HOUR, other: START + 4 * HOUR}
    until = NOW + 5 * MINUTE
    for _ in range(ROUNDS):
        await put_hold(world, holder[1], START, client_id=holder[0], expires_at=until)
        moves = [
            move(world, settings, holder, START, until - timedelta(microseconds=1)),
            move(world, settings, other, START, until),
        ]
        if not holder_first:
            moves.reverse()
        ends = await asyncio.gather(*moves)
        assert sorted(ends) == ["ok", "slot-unavailable"]
        (there,) = await at_start(world)
        is_holder = (ends[0] == "ok") is holder_first
        assert there == (holder if is_holder else other)[1]
        winner = holder if is_holder else other
        assert await move(world, settings, winner, aside[winner], until) == "ok"
        async with world.engine.begin() as db:
            await db.execute(delete(HeldTime).where(HeldTime.practice_id == world.practice_id))
        holder, other = other, holder
