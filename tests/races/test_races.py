"""Concurrent requests have one complete outcome; the others get the error for the conflict."""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import OPERATOR
from app.database.transactions import transact
from app.directory.practice.repository import PracticeRepository
from app.domain.errors import CreditUnavailableError
from app.domain.session import Format
from app.sessions.commands.book import book
from app.sessions.commands.booking import Booking
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.tables.sessions import CreditRedemption, Fee, Session
from tests.drills.speaking import speakers
from tests.world import NOW, Api, TestClock, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
CROWD = 200
GENEROUS_SECONDS = 30.0


def codes(answers: Sequence[Response]) -> Counter[str]:
    """Count the answers by code; a 200 counts as "ok"."""
    return Counter(
        "ok" if answer.status_code == 200 else str(answer.json()["code"]) for answer in answers
    )


async def crowd_of_sessions(world: World, size: int) -> list[tuple[UUID, UUID]]:
    """Book a session for each of many clients of the practitioner, far from the requested slot."""

    async def command(db: AsyncConnection) -> list[tuple[UUID, UUID]]:
        people = PracticeRepository(db, world.practice_id)
        booked = []
        for number in range(size):
            client_id = await people.add(
                Client,
                name=f"Client {number}",
                email=f"client-{number}@client.example",
                time_zone="America/New_York",
                locale="en-US",
                token_generation=0,
                address_generation=0,
            )
            booking = Booking(
                client_id,
                world.practitioner_id,
                world.service_id,
                START + 7 * DAY + number * HOUR,
                Format.VIDEO,
            )
            made = await book(db, world.practice_id, booking, actor=OPERATOR, force=True, now=NOW)
            booked.append((client_id, made.session_id))
        return booked

    return await transact(world.engine, command)


async def insist(api: Api, session_id: UUID) -> Response:
    """Request the slot; repeat the request if a busy machine answers 503."""
    while True:
        answer = await api.reschedule(session_id, START)
        if answer.status_code != 503:
            return answer


async def test_of_200_clients_who_want_one_slot_exactly_one_gets_it(
    address: str, world: World
) -> None:
    booked = await crowd_of_sessions(world, CROWD)
    async with speakers(address, CROWD) as crowd:
        began = time.perf_counter()
        answers = await asyncio.gather(
            *(
                insist(Api(http, TestClock()).signed_in(world.token(client_id)), id_)
                for http, (client_id, id_) in zip(crowd, booked, strict=True)
            )
        )
        took = time.perf_counter() - began
    assert codes(answers) == {"ok": 1, "slot-unavailable": CROWD - 1}
    assert {answer.status_code for answer in answers} == {200, 409}
    assert took < GENEROUS_SECONDS
    moved = [row for row in await world.rows(Session) if row.starts_at == START]
    assert len(moved) == 1
    assert len(await world.rows(Change, kind="rescheduled")) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert len(answer.json()["alternatives"]) == 3


async def test_a_concurrent_cancellation_and_move_have_one_consistent_outcome(
    api: Api, world: World
) -> None:
    days = [START + day * DAY for day in range(36)]
    working_days = [day for day in days if day.weekday() < 5]
    for number, day in enumerate(working_days):
        session_id = await world.book(day)
        start = day + HOUR
        commands = [api.cancel(session_id), api.reschedule(session_id, start, format="phone")]
        if number % 2:
            commands.reverse()
        answers = await asyncio.gather(*commands)
        cancelled, moved = reversed(answers) if number % 2 else answers
        assert cancelled.status_code == 200
        end = await api.session(session_id)
        history = (await api.get(f"/v1/sessions/{session_id}/changes")).json()["items"]
        kinds = [change["kind"] for change in history]
        assert end["status"] == "cancelled"
        assert [change["version"] for change in history] == list(range(1, len(history) + 1))
        assert end["version"] == len(history)
        if moved.status_code == 200:
            assert kinds == ["booked", "rescheduled", "cancelled"]
            assert end["format"]["kind"] == "phone"
        else:
            assert moved.json()["code"] == "session-not-booked"
            assert kinds == ["booked", "cancelled"]
            assert end["format"]["kind"] == "video"
        assert not await world.rows(
            Notification, session_id=session_id, kind="reminder", status="pending"
        )


async def test_two_clients_who_request_each_others_slot_both_get_slot_taken(
    api: Api, world: World
) -> None:
    other = await world.add_client(name="Ben")
    ben = api.signed_in(world.token(other))
    for number in range(8):
        first, second = START + number * 7 * DAY, START + number * 7 * DAY + HOUR
        mine = await world.book(first)
        theirs = await world.book(second, client_id=other)
        answers = await asyncio.gather(api.reschedule(mine, second), ben.reschedule(theirs, first))
        assert codes(answers) == {"slot-unavailable": 2}
        assert (await api.session(mine))["version"] == 1
        assert (await ben.session(theirs))["version"] == 1


async def test_50_concurrent_requests_with_one_key_have_one_effect(api: Api, world: World) -> None:
    await world.add_policy(
        {"reschedule": {"fees": [{"deadline": {"before_minutes": 99999}, "amount_minor": 500}]}}
    )
    session_id = await world.book(START)
    quote = (await api.session(session_id))["actions"]["reschedule"]["quote"]
    answers = await asyncio.gather(
        *(
            api.reschedule(session_id, START + DAY, {"Idempotency-Key": "once"}, quote=quote)
            for _ in range(50)
        )
    )
    counted = codes(answers)
    assert set(counted) <= {"ok", "idempotency-key-in-use"}
    assert counted["ok"] >= 1
    good = [answer for answer in answers if answer.status_code == 200]
    assert len({answer.content for answer in good}) == 1
    assert sum("Idempotency-Replayed" not in answer.headers for answer in good) == 1
    assert len(await world.rows(Change, kind="rescheduled")) == 1
    assert len(await world.rows(Fee)) == 1
    assert len(await world.rows(Notification, kind="rescheduled")) == 2


async def test_20_concurrent_cancellations_return_the_credit_once(api: Api, world: World) -> None:
    package_id = await world.add_package(credits=2)
    session_id = await world.book(START, package_id=package_id)
    answers = await asyncio.gather(*(api.cancel(session_id) for _ in range(20)))
    assert codes(answers) == {"ok": 20}
    assert {answer.json()["credit"] for answer in answers} == {"returned"}
    assert len({answer.content for answer in answers}) == 1
    (redemption,) = await world.rows(CreditRedemption)
    assert redemption.returned_at == NOW
    assert (await api.session(session_id))["package"]["credits_left"] == 2
    assert len(await world.rows(Change, kind="cancelled")) == 1
    assert len(await world.rows(Notification, kind="cancelled")) == 2


async def test_of_concurrent_bookings_with_the_last_credit_one_succeeds(world: World) -> None:
    package_id = await world.add_package(credits=1)
    practitioners = [await world.add_practitioner(hours=False) for _ in range(8)]
    outcomes = await asyncio.gather(
        *(
            world.book(START + n * HOUR, practitioner_id=practitioner_id, package_id=package_id)
            for n, practitioner_id in enumerate(practitioners)
        ),
        return_exceptions=True,
    )
    assert Counter(type(outcome) for outcome in outcomes) == {UUID: 1, CreditUnavailableError: 7}
    assert len(await world.rows(CreditRedemption)) == 1
    assert len(await world.rows(Session)) == 1


async def test_of_concurrent_bookings_of_one_slot_one_succeeds(world: World) -> None:
    outcomes = await asyncio.gather(*(world.book(START) for _ in range(20)), return_exceptions=True)
    assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
    assert len(await world.rows(Session)) == 1


async def test_a_client_cannot_move_two_of_their_sessions_to_one_time(
    api: Api, world: World
) -> None:
    lee = await world.add_practitioner(name="Dr. Lee")
    for number in range(8):
        week = START + number * 7 * DAY
        first = await world.book(week)
        second = await world.book(week + HOUR, practitioner_id=lee)
        wished = week + 3 * HOUR
        answers = await asyncio.gather(
            api.reschedule(first, wished), api.reschedule(second, wished)
        )
        assert codes(answers) == {"ok": 1, "slot-unavailable": 1}


@pytest.mark.parametrize("limit", [1, 3])
async def test_concurrent_moves_never_exceed_the_limit(api: Api, world: World, limit: int) -> None:
    await world.add_policy({"reschedule": {"limit": limit}})
    session_id = await world.book(START)
    answers = await asyncio.gather(
        *(api.reschedule(session_id, START + DAY + step * HOUR / 2) for step in range(10))
    )
    assert codes(answers) == {"ok": limit, "reschedule-limit-reached": 10 - limit}


async def test_of_concurrent_moves_that_name_one_version_one_succeeds(
    api: Api, world: World
) -> None:
    session_id = await world.book(START)
    answers = await asyncio.gather(
        *(
            api.reschedule(session_id, START + DAY + step * HOUR / 2, {"If-Match": '"1"'})
            for step in range(10)
        )
    )
    assert codes(answers) == {"ok": 1, "version-mismatch": 9}
