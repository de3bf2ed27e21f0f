"""A client who books a session again, against whoever takes the time, the credit or the fee."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import Response

from app.tables.sessions import CreditRedemption, Fee, Session
from app.tables.taken_times import TakenTime
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
TO = START + timedelta(days=7)
ROUNDS = 6
FEES = [{"deadline": {"before_minutes": 200_000}, "amount_minor": 4500}]
CREDITED: dict[str, Any] = {"cancel": {"fees": FEES}, "rebook": {"days": 30, "fee": "credited"}}


async def cancel(api: Api, session_id: UUID) -> None:
    quote = (await api.session(session_id))["actions"]["cancel"]["quote"]
    assert (await api.cancel(session_id, quote=quote)).status_code == 200


async def quote_of(api: Api, session_id: UUID) -> str:
    return str((await api.session(session_id))["actions"]["reschedule"]["quote"])


async def test_one_of_two_rebookings_at_once_is_made(api: Api, world: World) -> None:
    await world.add_policy({"rebook": {"days": 30}})
    session_id = await world.book(START, package_id=await world.add_package())
    await cancel(api, session_id)
    answers = await asyncio.gather(
        *(api.reschedule(session_id, TO + number * timedelta(hours=1)) for number in range(4)),
        *(api.reschedule(session_id, START) for _ in range(4)),
    )
    done = [answer for answer in answers if answer.status_code == 200]
    # The first books again; each other then moves a booked session, or finds it there already.
    assert done
    assert {answer.json()["code"] for answer in answers if answer not in done} <= {"no-change"}
    (session,) = await world.rows(Session)
    assert (session.status, session.version) == ("booked", 2 + len(done))
    redemptions = await world.rows(CreditRedemption)
    assert sum(row.returned_at is None for row in redemptions) == 1
    assert len(redemptions) == 2
    (taken,) = await world.rows(TakenTime)
    assert taken.starts_at == session.starts_at


async def test_with_one_version_only_one_rebooking_is_made(api: Api, world: World) -> None:
    await world.add_policy({"rebook": {"days": 30}})
    session_id = await world.book(START, package_id=await world.add_package())
    await cancel(api, session_id)
    match = {"If-Match": '"2"'}
    answers = await asyncio.gather(
        *(
            api.reschedule(session_id, TO + number * timedelta(hours=1), headers=match)
            for number in range(6)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[412] * 5]


async def test_either_the_rebooking_or_the_taker_has_the_time(api: Api, world: World) -> None:
    await world.add_policy(CREDITED)
    ben = await world.add_client(email="ben@client.example")
    other = api.signed_in(world.token(ben))
    for number in range(ROUNDS):
        start = START + number * timedelta(days=7)
        own = await world.book(start)
        bens = await world.book(start + timedelta(hours=2), client_id=ben)
        await cancel(api, own)
        quote, move = await quote_of(api, own), await quote_of(other, bens)
        again, moved = await asyncio.gather(
            api.reschedule(own, start, quote=quote), other.reschedule(bens, start, quote=move)
        )
        assert sorted((again.status_code, moved.status_code)) == [200, 409]
        lost = again if again.status_code == 409 else moved
        assert lost.json()["code"] == "slot-unavailable"
        (fee,) = await world.rows(Fee, session_id=own)
        assert fee.status == ("forgiven" if again.status_code == 200 else "due")
        (taken,) = await world.rows(TakenTime, starts_at=start)
        assert taken.id == (own if again.status_code == 200 else bens)


async def test_a_fee_is_settled_or_forgiven_and_what_is_carried_follows(
    api: Api, world: World
) -> None:
    """If it is forgiven, the session carries it; if it was settled, it counts as paid."""
    staff = api.signed_in(await world.key())
    await world.add_policy(CREDITED)
    for number in range(ROUNDS):
        session_id = await world.book(START + number * timedelta(days=7))
        await cancel(api, session_id)
        (fee,) = await world.rows(Fee, session_id=session_id)
        quote = await quote_of(api, session_id)

        async def settle(fee_id: UUID = fee.id) -> Response:
            body = {"payment_reference": "R-1"}
            return await staff.post(f"/v1/practice/fees/{fee_id}/settle", body)

        again, settled = await asyncio.gather(
            api.reschedule(session_id, TO + timedelta(days=7 * number, hours=3), quote=quote),
            settle(),
        )
        assert again.status_code == 200, again.text
        (fee,) = await world.rows(Fee, session_id=session_id)
        (session,) = await world.rows(Session, id=session_id)
        carried = (session.carried_fee_minor, session.paid_before_minor)
        if settled.status_code == 200:
            assert (fee.status, carried) == ("settled", (0, 4500))
        else:
            assert settled.json()["code"] == "fee-not-due"
            assert (fee.status, carried) == ("forgiven", (4500, 0))


async def test_of_two_sessions_one_takes_the_last_credit_anew(api: Api, world: World) -> None:
    await world.add_policy({"rebook": {"days": 30}})
    package_id = await world.add_package(credits=2)
    starts = [START, START + timedelta(days=1)]
    ids = [await world.book(start, package_id=package_id) for start in starts]
    for session_id in ids:
        await cancel(api, session_id)
    await world.book(START + timedelta(days=14), package_id=package_id)
    answers = await asyncio.gather(
        *(api.reschedule(session_id, start) for session_id, start in zip(ids, starts, strict=True))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert refused.json()["code"] == "credit-unavailable"
