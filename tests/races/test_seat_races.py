"""Clients and staff who want seats at once: no seat is taken twice, and no credit is lost."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from uuid import UUID

import pytest
from httpx import Response

from app.tables.groups import Group
from app.tables.sessions import CreditRedemption, Session
from tests.drills.speaking import speakers
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat, seats_of
from tests.world import REASON, Api, TestClock, World

pytestmark = pytest.mark.slow

CROWD = 20
SEATS = 8
ROUNDS = 6


def codes(answers: Sequence[Response]) -> Counter[str]:
    """Count the answers by code; a success counts as "ok"."""
    return Counter("ok" if answer.is_success else str(answer.json()["code"]) for answer in answers)


async def paid_seats(
    world: World, group_id: UUID, clients: Sequence[UUID]
) -> list[tuple[UUID, UUID]]:
    """Book a seat for each client, paid by a package of one credit; give clients and sessions."""
    made = []
    for client_id in clients:
        package_id = await world.add_package(client_id=client_id, credits=1)
        seat = await add_seat(world, group_id, client_id=client_id, package_id=package_id)
        made.append((client_id, seat))
    return made


async def join(api: Api, session_id: UUID, group_id: UUID) -> Response:
    """Move a seat to a group; again, as a client would, if the service is busy."""
    while True:
        body = {"reason": REASON, "group_id": str(group_id)}
        answer = await api.post(f"/v1/sessions/{session_id}/reschedule", body)
        if answer.status_code != 503:
            return answer


async def leave(api: Api, session_id: UUID) -> Response:
    """Cancel a seat; again, as a client would, if the service is busy."""
    while True:
        answer = await api.cancel(session_id)
        if answer.status_code != 503:
            return answer


async def is_consistent(world: World) -> None:
    """Check the seats of all groups, and the credits of all seats."""
    sessions = await world.rows(Session)
    for group in await world.rows(Group):
        numbers = list((await seats_of(world, group.id)).values())
        assert len(set(numbers)) == len(numbers)
        assert set(numbers) <= set(range(1, group.seats + 1))
        for seat in sessions:
            if seat.group_id == group.id and seat.status == "booked":
                assert (seat.starts_at, seat.ends_at) == (group.starts_at, group.ends_at)
    redemptions = await world.rows(CreditRedemption)
    pays = Counter(row.session_id for row in redemptions if row.returned_at is None)
    assert set(pays.values()) <= {1}
    paid = {row.session_id for row in redemptions}
    booked = {row.id for row in sessions if row.status == "booked"}
    assert set(pays) == paid & booked


async def test_20_leave_and_20_join_one_group_of_8(address: str, world: World) -> None:
    wanted = await add_group(world, seats=SEATS)
    others = await add_group(world, CLASS + 7 * DAY, seats=CROWD)
    people = await add_clients(world, SEATS + CROWD)
    leaving = await paid_seats(world, wanted, people[:SEATS])
    joining = await paid_seats(world, others, people[SEATS:])
    # Some click twice or three times.
    leavers = [leaving[number % SEATS] for number in range(CROWD)]
    async with speakers(address, 2 * CROWD) as crowd:
        calls = []
        for number in range(CROWD):
            client_id, seat = leavers[number]
            api = Api(crowd[2 * number], TestClock()).signed_in(world.token(client_id))
            calls.append(leave(api, seat))
            client_id, seat = joining[number]
            api = Api(crowd[2 * number + 1], TestClock()).signed_in(world.token(client_id))
            calls.append(join(api, seat, wanted))
        answers = await asyncio.gather(*calls)
    assert codes(answers[::2]) == {"ok": CROWD}
    joined = codes(answers[1::2])
    assert set(joined) <= {"ok", "slot-unavailable"}
    taken = await seats_of(world, wanted)
    assert len(taken) == joined["ok"] <= SEATS
    assert {seat for _, seat in leaving} & taken.keys() == set()
    assert len(await seats_of(world, others)) == CROWD - joined["ok"]
    returned = [row for row in await world.rows(CreditRedemption) if row.returned_at is not None]
    assert sorted(row.session_id for row in returned) == sorted(seat for _, seat in leaving)
    await is_consistent(world)


async def test_the_last_seat_goes_to_one_of_two(api: Api, world: World) -> None:
    """To a client who moves there, or to one for whom staff book."""
    key = api.signed_in(await world.key())
    moving, booked = await add_clients(world, 2)
    client = api.signed_in(world.token(moving))
    here = await add_group(world, CLASS - DAY)
    for number in range(ROUNDS):
        group_id = await add_group(world, CLASS + number * DAY, seats=1)
        seat = await add_seat(world, here, client_id=moving)
        body = {"group_id": str(group_id), "client_id": str(booked)}
        calls = [join(client, seat, group_id), key.post("/v1/practice/sessions", body)]
        answers = await asyncio.gather(*(reversed(calls) if number % 2 else calls))
        if number % 2:
            answers.reverse()
        moved, made = answers
        assert {moved.status_code, made.status_code} in ({200, 409}, {201, 409})
        if moved.status_code == 409:
            assert moved.json()["code"] == "slot-unavailable"
            assert (await seats_of(world, group_id)).keys() == {UUID(made.json()["session"]["id"])}
        else:
            assert made.json()["code"] == "group-full"
            assert await seats_of(world, group_id) == {seat: 1}
        await is_consistent(world)
        await leave(client, seat)


async def test_staff_move_a_group_while_a_client_leaves_or_joins(api: Api, world: World) -> None:
    """The seat that leaves does not move on; the seat that joins has the group's time."""
    key = api.signed_in(await world.key())
    leaving, joining, staying = await add_clients(world, 3)
    there = await add_group(world, CLASS - DAY)
    for number in range(ROUNDS):
        # Weekdays only, in working hours.
        start = (CLASS + 7 * number * DAY).replace(hour=10)
        group_id = await add_group(world, start)
        stays = await add_seat(world, group_id, client_id=staying)
        leaves = await add_seat(world, group_id, client_id=leaving)
        joins = await add_seat(world, there, client_id=joining)
        at = f"/v1/practice/groups/{group_id}/move"
        body = {"start": (start + DAY).isoformat(), "reason": {"note": "The room is painted."}}
        client = api.signed_in(world.token(joining))
        calls = [
            key.post(at, body),
            leave(api.signed_in(world.token(leaving)), leaves),
            join(client, joins, group_id),
        ]
        order = [(number + step) % 3 for step in range(3)]
        answers = await asyncio.gather(*(calls[place] for place in order))
        assert codes(answers) == {"ok": 3}
        assert (await seats_of(world, group_id)).keys() == {stays, joins}
        (gone,) = await world.rows(Session, id=leaves)
        assert gone.status == "cancelled"
        await is_consistent(world)
        (group,) = await world.rows(Group, id=group_id)
        assert group.starts_at == start + DAY
        assert (await client.session(joins))["starts_at"] == (start + DAY).isoformat()
        await leave(client, joins)


async def test_two_who_swap_groups_at_once_both_may(api: Api, world: World) -> None:
    """Each group has one free seat: neither waits for the other's."""
    first, second = [await add_group(world, CLASS + days * DAY, seats=2) for days in (0, 1)]
    ana, ben = await add_clients(world, 2)
    for number in range(ROUNDS):
        seats = [
            await add_seat(world, first, client_id=ana),
            await add_seat(world, second, client_id=ben),
        ]
        answers = await asyncio.gather(
            join(api.signed_in(world.token(ana)), seats[0], second),
            join(api.signed_in(world.token(ben)), seats[1], first),
        )
        assert codes(answers) == {"ok": 2}, number
        await is_consistent(world)
        for client_id, seat in zip((ana, ben), seats, strict=True):
            await leave(api.signed_in(world.token(client_id)), seat)


async def test_a_seat_that_leaves_and_moves_at_once_ends_once(api: Api, world: World) -> None:
    here, there = await add_group(world), await add_group(world, CLASS + DAY)
    for number in range(ROUNDS):
        seat = await add_seat(world, here)
        calls = [leave(api, seat), join(api, seat, there)]
        answers = await asyncio.gather(*(reversed(calls) if number % 2 else calls))
        left, moved = reversed(answers) if number % 2 else answers
        assert left.status_code == 200
        assert moved.status_code == 200 or moved.json()["code"] == "session-not-booked"
        (row,) = await world.rows(Session, id=seat)
        assert (row.status, row.seat) == ("cancelled", None)
        await is_consistent(world)
