"""A series that is changed as a whole while single dates of it, or times beside it, change too."""

import asyncio
from collections import Counter
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from httpx import Response

from app.tables.changes import Change
from app.tables.sessions import Session
from tests.series import book_series
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

# A Thursday, 10:00 in New York.
START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)
ROUNDS = 12


@pytest.fixture
async def staff(api: Api, world: World) -> Api:
    """The served API, called by the practice's own software."""
    return api.signed_in(await world.key())


def outcome(answer: Response) -> str:
    return "ok" if answer.status_code < 300 else str(answer.json()["code"])


async def test_the_following_are_cancelled_while_one_of_them_is_moved(
    staff: Api, api: Api, world: World
) -> None:
    """Either the date was moved alone first and stays, or it is cancelled and cannot move."""
    ends = Counter[str]()
    for number in range(ROUNDS):
        ids = await book_series(staff, world, START + number * timedelta(minutes=30), 4)
        third = START + 2 * WEEK + DAY
        commands = [
            api.cancel(UUID(ids[0]), scope="this_and_following"),
            api.reschedule(UUID(ids[2]), third),
        ]
        if number % 2:
            commands.reverse()
        answers = await asyncio.gather(*commands)
        cancelled, moved = reversed(answers) if number % 2 else answers
        assert cancelled.status_code == 200, cancelled.text
        shown = [await api.session(UUID(id_)) for id_ in ids]
        statuses = [one["status"] for one in shown]
        touched = [one["touched"] for one in cancelled.json()["sessions"]]
        ends[outcome(moved)] += 1
        if moved.status_code == 200:
            assert statuses == ["cancelled", "cancelled", "booked", "cancelled"]
            assert touched == [True, True, False, True]
            await api.cancel(UUID(ids[2]))
        else:
            assert moved.json()["code"] == "session-not-booked"
            assert statuses == ["cancelled"] * 4
            assert touched == [True] * 4
        together = await world.rows(Change, command_id=UUID(cancelled.json()["command_id"]))
        assert len(together) == sum(touched)
    assert set(ends) <= {"ok", "session-not-booked"}


async def test_of_a_move_and_a_cancellation_of_the_following_one_comes_first(
    staff: Api, api: Api, world: World
) -> None:
    for number in range(ROUNDS):
        ids = await book_series(staff, world, START + number * timedelta(minutes=30), 4)
        commands = [
            api.cancel(UUID(ids[1]), scope="this_and_following"),
            api.reschedule(UUID(ids[0]), START + DAY, scope="this_and_following"),
        ]
        cancelled, moved = await asyncio.gather(*commands)
        assert cancelled.status_code == 200, cancelled.text
        assert moved.status_code == 200, moved.text
        shown = [await api.session(UUID(id_)) for id_ in ids]
        assert [one["status"] for one in shown] == ["booked", *["cancelled"] * 3]
        assert len({one["version"] for one in shown[1:]}) == 1
        await api.cancel(UUID(ids[0]))


async def test_a_long_series_moves_while_other_clients_want_its_new_times(
    staff: Api, api: Api, world: World
) -> None:
    ids = await book_series(staff, world, START, 100)
    crowd = []
    for number in range(10):
        client_id = await world.add_client(email=f"client-{number}@client.example")
        session_id = await world.book(START + 730 * DAY + number * HOUR, client_id=client_id)
        crowd.append((api.signed_in(world.token(client_id)), session_id))
    wishes = [START + number * WEEK + 2 * HOUR for number in range(1, 9)]
    answers = await asyncio.gather(
        staff.reschedule_by_staff(ids[0], START + 2 * HOUR, scope="this_and_following"),
        *(
            one.reschedule(session_id, wishes[number % len(wishes)])
            for number, (one, session_id) in enumerate(crowd)
        ),
    )
    outcomes = Counter(outcome(answer) for answer in answers)
    assert outcomes.keys() <= {"ok", "scope-conflicts", "slot-unavailable"}, outcomes
    booked = sorted(
        (row.starts_at, row.ends_at)
        for row in await world.rows(Session, status="booked")
        if row.practitioner_id == world.practitioner_id
    )
    assert all(one[1] <= next_[0] for one, next_ in pairwise(booked))
    moved = [row for row in await world.rows(Session) if str(row.id) in ids and row.version == 2]
    assert len(moved) in {0, 100}
