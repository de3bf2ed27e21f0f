"""A client who takes back a change against somebody who takes the freed time."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Response

from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from tests.world import NOW, REASON, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
ROUNDS = 6
LATE_FEE = {"cancel": {"fees": [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]}}


async def undo(api: Api, session_id: UUID) -> Response:
    return await api.post(f"/v1/sessions/{session_id}/undo", None)


async def test_either_the_undo_or_the_taker_has_the_time(api: Api, world: World) -> None:
    await world.add_policy(LATE_FEE)
    ben = await world.add_client(email="ben@client.example")
    other = api.signed_in(world.token(ben))
    for number in range(ROUNDS):
        start = START + number * timedelta(days=7)
        own = await world.book(start)
        bens = await world.book(start + timedelta(hours=2), client_id=ben)
        quote = (await api.session(own))["actions"]["cancel"]["quote"]
        assert (await api.cancel(own, quote=quote)).status_code == 200
        move = (await other.session(bens))["actions"]["reschedule"]["quote"]
        undone, moved = await asyncio.gather(
            undo(api, own), other.reschedule(bens, start, quote=move)
        )
        assert sorted((undone.status_code, moved.status_code)) == [200, 409]
        lost = undone if undone.status_code == 409 else moved
        assert lost.json()["code"] == "slot-unavailable"
        (fee,) = await world.rows(Fee, session_id=own)
        assert fee.status == ("void" if undone.status_code == 200 else "due")
        (taken,) = await world.rows(TakenTime, starts_at=start)
        assert taken.id == (own if undone.status_code == 200 else bens)


async def test_of_several_undos_at_once_one_is_done(api: Api, world: World) -> None:
    package_id = await world.add_package()
    session_id = await world.book(START, package_id=package_id)
    assert (await api.cancel(session_id)).status_code == 200
    answers = await asyncio.gather(*(undo(api, session_id) for _ in range(8)))
    assert sorted(answer.status_code for answer in answers) == [200, *[409] * 7]
    (session,) = await world.rows(Session)
    assert (session.status, session.version) == ("booked", 3)
    redemptions = await world.rows(CreditRedemption)
    assert sum(row.returned_at is None for row in redemptions) == 1


async def test_an_undo_and_a_change_by_staff_at_once_do_not_mix(api: Api, world: World) -> None:
    staff = api.signed_in(await world.key())
    for number in range(ROUNDS):
        start = START + number * timedelta(days=7)
        session_id = await world.book(start)
        assert (await api.reschedule(session_id, start + timedelta(hours=2))).status_code == 200
        body = {"reason": REASON, "charge_fee": False}
        undone, ended = await asyncio.gather(
            undo(api, session_id),
            staff.post(f"/v1/practice/sessions/{session_id}/cancel", body),
        )
        assert ended.status_code == 200
        assert undone.status_code in {200, 409}
        (session,) = await world.rows(Session, id=session_id)
        assert session.status == "cancelled"
        assert session.starts_at == (start if undone.status_code == 200 else session.starts_at)
        assert session.undo_until is None
