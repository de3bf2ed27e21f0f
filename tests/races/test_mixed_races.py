"""Groups, series and single sessions of the same people, changed by many commands at once."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from itertools import combinations
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import text

from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.notifications import Notification
from app.tables.sessions import CreditRedemption, Session
from tests.groups import CLASS, DAY, add_clients, add_group, add_seat
from tests.races.test_seat_races import is_consistent, paid_seats
from tests.series import book_series
from tests.world import NOW, REASON, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
HOUR = timedelta(hours=1)
ROUNDS = 6
SEATS = 100
FOLLOWING = "this_and_following"
WHY = {"note": "Dr. Chen is ill."}
REFUSALS = {
    "group-cancelled",
    "group-full",
    "no-change",
    "quote-required",
    "scope-conflicts",
    "scope-refused",
    "seats-conflict",
    "session-not-booked",
    "slot-unavailable",
}
Call = Callable[[], Awaitable[Response]]


@pytest.fixture
async def staff(api: Api, world: World) -> Api:
    """The served API, called by the practice's own software."""
    return api.signed_in(await world.key())


async def insist(call: Call) -> Response:
    """Send a command; again, as a client would, if the service is busy."""
    while True:
        answer = await call()
        if answer.status_code != 503:
            return answer


def outcome(answer: Response) -> str:
    """Name an outcome; neither an error of the server nor bad input is one."""
    code = "ok" if answer.is_success else str(answer.json()["code"])
    assert code in {"ok", *REFUSALS}, answer.text
    return code


def cancel(api: Api, session_id: Any) -> Call:
    return lambda: api.cancel(session_id)


def move_group(staff: Api, group_id: UUID, start: datetime) -> Call:
    body = {"start": start.isoformat(), "force": True, "leave_behind": True, "reason": WHY}
    return lambda: staff.post(f"/v1/practice/groups/{group_id}/move", body)


def cancel_group(staff: Api, group_id: UUID) -> Call:
    return lambda: staff.post(f"/v1/practice/groups/{group_id}/cancel", {"reason": WHY})


async def test_100_seats_are_cancelled_in_one_command_while_clients_leave_and_join(
    staff: Api, world: World
) -> None:
    """Each seat ends once, its credit comes back once, and its client gets one mail."""
    group_id, other = await add_group(world, seats=SEATS), await add_group(world, CLASS + DAY)
    people = await add_clients(world, SEATS)
    seats = await paid_seats(world, group_id, people)
    calls = [cancel_group(staff, group_id)]
    for number, (client_id, seat) in enumerate(seats[:20]):
        client = staff.signed_in(world.token(client_id))
        body = {"reason": REASON, "group_id": str(other)}
        path = f"/v1/sessions/{seat}/reschedule"
        calls.append(cancel(client, seat) if number % 2 else partial(client.post, path, body))
    Random(14).shuffle(calls)  # noqa: S311 - no secret
    answers = await asyncio.gather(*(insist(call) for call in calls))
    assert all(outcome(answer) for answer in answers)
    group = (await world.rows(Group, id=group_id))[0]
    assert group.status == "cancelled"
    for row in await world.rows(Session):
        assert (row.status, row.seat) == ("cancelled", None) or row.group_id == other
    ends = Counter(row.session_id for row in await world.rows(Change, kind="cancelled"))
    del ends[None]
    assert set(ends.values()) == {1}
    returned = [row for row in await world.rows(CreditRedemption) if row.returned_at is not None]
    assert len(returned) == len(ends)
    mails = await world.rows(Notification, kind="cancelled", recipient="client")
    assert Counter(row.session_id for row in mails) == ends
    await is_consistent(world)


async def test_staff_move_a_group_while_a_client_leaves(staff: Api, world: World) -> None:
    """The seat ends, at the old time or at the new one, and the others move."""
    people = await add_clients(world, 4)
    for number in range(ROUNDS):
        group_id = await add_group(world, CLASS + number * DAY, seats=4)
        seats = await paid_seats(world, group_id, people)
        client_id, seat = seats[0]
        to = CLASS + number * DAY + 3 * HOUR
        calls = [
            move_group(staff, group_id, to),
            cancel(staff.signed_in(world.token(client_id)), seat),
        ]
        answers = await asyncio.gather(
            *(insist(call) for call in (reversed(calls) if number % 2 else calls))
        )
        assert [outcome(answer) for answer in answers] == ["ok", "ok"]
        rows = {row.id: row for row in await world.rows(Session, group_id=group_id)}
        assert rows[seat].status == "cancelled"
        assert {row.starts_at for row in rows.values() if row.status == "booked"} == {to}
        assert sum(row.status == "booked" for row in rows.values()) == 3
        mails = [
            (row.kind, row.session_id)
            for row in await world.rows(Notification, recipient="client")
            if row.session_id in rows and row.kind == "rescheduled"
        ]
        assert set(Counter(mails).values()) == {1}
        await is_consistent(world)


async def test_two_moves_of_one_group_come_one_after_the_other(staff: Api, world: World) -> None:
    group_id = await add_group(world)
    for client_id in await add_clients(world, 5):
        await add_seat(world, group_id, client_id=client_id)
    calls = [move_group(staff, group_id, CLASS + number * HOUR) for number in range(1, 7)]
    answers = await asyncio.gather(*(insist(call) for call in calls))
    assert {outcome(answer) for answer in answers} == {"ok"}
    (group,) = await world.rows(Group, id=group_id)
    assert (group.version, group.calendar_sequence) == (7, 6)
    assert {row.version for row in await world.rows(Session)} == {7}
    await is_consistent(world)


async def test_a_crowd_on_groups_series_and_single_sessions_ends_without_a_deadlock(
    staff: Api, world: World
) -> None:
    """All of two clients and two practitioners, in any order: each call has an outcome."""
    people = [world.client_id, *await add_clients(world, 1)]
    clients = [staff.signed_in(world.token(client_id)) for client_id in people]
    groups = [await add_group(world, CLASS + n * DAY, seats=4) for n in range(3)]
    seats = {person: await seats_in(world, groups[:2], person) for person in people}
    series = {person: await daily(staff, world, person, n) for n, person in enumerate(people)}
    draw = Random(14)  # noqa: S311 - no secret

    def some_call() -> Call:
        who = draw.randrange(2)
        client, person = clients[who], people[who]
        seat, date = draw.choice(seats[person]), draw.choice(series[person])
        group, start = draw.choice(groups), START + draw.randrange(40) * HOUR
        there = {"reason": REASON, "group_id": str(draw.choice(groups))}
        by_staff = {"reason": WHY, "charge_fee": False, "scope": FOLLOWING}
        target = {"start": start.isoformat(), "format": "video"}
        return draw.choice(
            [
                lambda: client.post(f"/v1/sessions/{seat}/reschedule", there),
                lambda: client.reschedule(UUID(date), start, scope=FOLLOWING),
                lambda: client.reschedule(UUID(date), start),
                lambda: staff.post(f"/v1/practice/sessions/{date}/reschedule", by_staff | target),
                move_group(staff, group, CLASS + draw.randrange(60) * HOUR),
                undo(staff, seat),
                cancel(client, seat),
                undo(staff, date),
                lambda: client.cancel(UUID(date), scope=FOLLOWING),
            ]
        )

    outcomes, before = Counter[str](), await deadlocks(world)
    for _ in range(12):
        answers = await asyncio.gather(*(insist(some_call()) for _ in range(10)))
        outcomes.update(outcome(answer) for answer in answers)
        await is_consistent(world)
        await nobody_is_in_two_places(world)
    assert outcomes["ok"] > 24, outcomes
    assert await deadlocks(world) == before
    commands: dict[UUID, set[Any]] = {}
    for row in await world.rows(Change):
        commands.setdefault(row.command_id, set()).add((row.actor, row.key_id, row.at))
    assert all(len(made) == 1 for made in commands.values())


async def seats_in(world: World, groups: list[UUID], client_id: UUID) -> list[UUID]:
    return [await add_seat(world, group_id, client_id=client_id) for group_id in groups]


async def daily(staff: Api, world: World, client_id: UUID, number: int) -> list[str]:
    start = START + number * HOUR
    own: dict[str, Any] = {"client_id": str(client_id), "every": {"days": 1}, "force": True}
    return await book_series(staff, world, start, **own)


async def deadlocks(world: World) -> int:
    """Count the deadlocks of the database, which `transact` would hide by running again."""
    counted = text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    async with world.engine.connect() as db:
        found: int = (await db.execute(counted)).scalar_one()
        return found


def undo(staff: Api, session_id: Any) -> Call:
    return lambda: staff.post(f"/v1/practice/sessions/{session_id}/undo", {"reason": WHY})


async def nobody_is_in_two_places(world: World) -> None:
    """Check the time that sessions take from each client."""
    rows = [row for row in await world.rows(Session) if row.taken_until is not None]
    for one, other in combinations(rows, 2):
        is_apart = one.taken_until <= other.starts_at or other.taken_until <= one.starts_at
        is_single = one.group_id is None and other.group_id is None
        assert is_apart or (one.client_id != other.client_id and not is_single)
