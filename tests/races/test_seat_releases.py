"""A released seat over real connections: taken while its client cancels, or by several at once."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from app.tables.changes import Change
from app.tables.practices import Service
from app.tables.sessions import Fee, Session
from app.tables.waitlist import Offer
from tests.drills.speaking import speakers
from tests.groups import CLASS, add_group, add_seat, seats_of
from tests.races.test_releases import RULES, Round, statuses
from tests.races.test_waitlist import accept, until_free
from tests.waiting import DAY, HOUR, WISHES, put_wish, work
from tests.world import NOW, Api, TestClock, World

pytestmark = pytest.mark.slow

# Of each round, days after a Thursday.
WORKDAYS = (0, 1, 4, 5, 6, 7)
LATER = 14 * DAY


async def client(world: World, api: Api, name: str) -> tuple[UUID, Api]:
    """Add a client; give their id and their API."""
    email = f"{name.lower()}@client.example"
    client_id = await world.add_client(name=name, email=email)
    return client_id, api.signed_in(world.token(client_id))


async def released(world: World, api: Api, number: int) -> tuple[UUID, Round]:
    """Release the only seat of a group, and offer it to the client of a seat of a later group."""
    start = CLASS + WORKDAYS[number] * DAY
    ben, own = await client(world, api, f"Ben{number}")
    ana, taker = await client(world, api, f"Ana{number}")
    group_id = await add_group(world, start, seats=1)
    seat = await add_seat(world, group_id, client_id=ben)
    later = await add_group(world, start + LATER, seats=1)
    taker_seat = await add_seat(world, later, client_id=ana)
    assert (await put_wish(taker, taker_seat)).status_code == 201
    answer = await own.post(f"/v1/sessions/{seat}/release", {})
    assert answer.status_code == 201, answer.text
    await work(world, NOW)
    (offer,) = await world.rows(Offer, client_id=ana, state="open")
    return group_id, Round(own, seat, taker, taker_seat, offer)


async def test_a_seat_taken_while_its_client_cancels_is_free_or_not_taken(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)
    for number in range(len(WORKDAYS)):
        group_id, one = await released(world, api, number)
        quote = (await one.own.session(one.session_id))["actions"]["cancel"]["quote"]
        async with speakers(address, 2) as (first, second):
            cancelling = Api(second, TestClock()).signed_in(one.own.token)
            accepted, cancelled = await asyncio.gather(
                accept(first, one.taker.token, one.offer),
                until_free(lambda by=cancelling, q=quote: by.cancel(one.session_id, quote=q)),  # noqa: B023
            )
        assert cancelled.status_code == 200, cancelled.text
        fees = await world.rows(Fee, session_id=one.session_id)
        assert len(await world.rows(Change, session_id=one.session_id, kind="cancelled")) == 1
        if accepted.is_success:
            assert (cancelled.json()["fee"], fees) == (None, [])
            assert await statuses(world, one) == ("cancelled", True)
            assert await seats_of(world, group_id) == {one.taker_session_id: 1}
        else:
            assert accepted.json()["code"] == "offer-gone"
            assert len(fees) == 1
            assert await statuses(world, one) == ("cancelled", False)
            assert await seats_of(world, group_id) == {}
        await one.taker.delete(f"/v1/sessions/{one.taker_session_id}/wish")


async def crowd_of(world: World, api: Api, group_id: UUID, count: int) -> list[tuple[UUID, Api]]:
    """Let clients wait for a group, half of them with a later seat, the others without one."""
    staff, crowd = api.signed_in(await world.key()), []
    for number in range(count):
        client_id, own = await client(world, api, f"Client{number}")
        if number % 2:
            later = await add_group(world, CLASS + (7 + number) * DAY, seats=1)
            answer = await put_wish(own, await add_seat(world, later, client_id=client_id))
        else:
            wish = {"client_id": str(client_id), "group_id": str(group_id)}
            answer = await staff.post(WISHES, wish)
        assert answer.status_code == 201, answer.text
        crowd.append((client_id, own))
    return crowd


async def accept_all(
    address: str, world: World, crowd: list[tuple[UUID, Api]]
) -> list[tuple[UUID, Any]]:
    """Let everybody who was asked accept at once; give the answers by client."""
    offers = {row.client_id: row for row in await world.rows(Offer, state="open")}
    asked = [(client_id, own) for client_id, own in crowd if client_id in offers]
    async with speakers(address, len(asked)) as all_of_them:
        answers = await asyncio.gather(
            *(
                accept(http, own.token, offers[client_id])
                for http, (client_id, own) in zip(all_of_them, asked, strict=True)
            )
        )
    return [(client_id, answer) for (client_id, _), answer in zip(asked, answers, strict=True)]


async def test_of_many_who_accept_a_released_seat_one_has_it(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)
    await world.change(Service, world.service_id, waitlist="all_at_once")
    ben, own = await client(world, api, "Ben")
    eva, _ = await client(world, api, "Eva")
    group_id = await add_group(world, CLASS, seats=2)
    seat = await add_seat(world, group_id, client_id=ben)
    kept = await add_seat(world, group_id, client_id=eva)
    crowd = await crowd_of(world, api, group_id, 6)
    assert (await own.post(f"/v1/sessions/{seat}/release", {})).status_code == 201
    await work(world, NOW)
    answers = await accept_all(address, world, crowd)
    assert sorted(answer.status_code for _, answer in answers) == [200, *[409] * 5]
    (taker,) = [client_id for client_id, answer in answers if answer.is_success]
    (row,) = await world.rows(Session, id=seat)
    assert (row.status, row.version, row.seat) == ("cancelled", 2, None)
    seats = await seats_of(world, group_id)
    assert seats.pop(kept) == 2
    (taken,) = await world.rows(Session, client_id=taker, group_id=group_id)
    assert seats == {taken.id: 1}


async def test_two_released_seats_find_two_takers(address: str, api: Api, world: World) -> None:
    await world.add_policy(RULES)
    group_id, given_up = await add_group(world, CLASS, seats=2), []
    for name in ("Ben", "Eva"):
        client_id, own = await client(world, api, name)
        given_up.append(await add_seat(world, group_id, client_id=client_id))
        assert (await own.post(f"/v1/sessions/{given_up[-1]}/release", {})).status_code == 201
    crowd = await crowd_of(world, api, group_id, 3)
    await work(world, NOW)
    answers = await accept_all(address, world, crowd)
    assert [answer.status_code for _, answer in answers] == [200, 200]
    assert sorted((await seats_of(world, group_id)).values()) == [1, 2]
    for seat in given_up:
        (row,) = await world.rows(Session, id=seat)
        assert row.status == "cancelled"


async def test_a_seat_taken_while_staff_move_its_group_goes_one_way(
    address: str, api: Api, world: World
) -> None:
    await world.add_policy(RULES)
    staff = api.signed_in(await world.key())
    for number in range(len(WORKDAYS)):
        group_id, one = await released(world, api, number)
        start = one.offer.starts_at - 2 * HOUR
        body = {"start": start.isoformat(), "reason": {"note": "The room is taken."}}
        path = f"/v1/practice/groups/{group_id}/move"
        async with speakers(address, 2) as (first, second):
            moving = Api(second, TestClock()).signed_in(staff.token)
            accepted, moved = await asyncio.gather(
                accept(first, one.taker.token, one.offer),
                until_free(lambda by=moving, p=path, b=body: by.post(p, b)),
            )
        assert moved.status_code == 200, moved.text
        (own,) = await world.rows(Session, id=one.session_id)
        (taker,) = await world.rows(Session, id=one.taker_session_id)
        if accepted.is_success:
            assert (own.status, own.seat) == ("cancelled", None)
            assert (taker.group_id, taker.starts_at) == (group_id, start)
        else:
            assert accepted.json()["code"] == "offer-gone"
            assert (own.status, own.starts_at, own.release_until) == ("booked", start, None)
            assert taker.starts_at == one.offer.starts_at + LATER
        assert list((await seats_of(world, group_id)).values()) == [1]
        await one.taker.delete(f"/v1/sessions/{one.taker_session_id}/wish")
