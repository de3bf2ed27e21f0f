"""Sessions and groups that want one time at once: one of them gets it."""

import asyncio
from collections import Counter
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_practitioner
from app.database.transactions import transact
from app.tables.groups import Group
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime
from tests.groups import write_video_group
from tests.world import NOW, Api, World

pytestmark = pytest.mark.slow

START = NOW + timedelta(days=3)
DAY = timedelta(days=1)
ROUNDS = 6


async def create_group(world: World, start: datetime, *, with_lock: bool) -> UUID:
    """Create a group without a check: under the lock, or where only the constraint decides."""

    async def command(db: AsyncConnection) -> UUID:
        if with_lock:
            await lock_practitioner(db, world.practice_id, world.practitioner_id)
        return await write_video_group(db, world, start)

    return await transact(world.engine, command)


@pytest.mark.parametrize("with_lock", [True, False], ids=["locked", "by the constraint alone"])
async def test_of_sessions_and_groups_that_want_one_time_one_gets_it(
    world: World,
    with_lock: bool,  # noqa: FBT001
) -> None:
    clients = [await world.add_client(name=f"Client {n}") for n in range(4)]
    for number in range(ROUNDS):
        start = START + number * 7 * DAY
        outcomes = await asyncio.gather(
            *(world.book(start, client_id=client_id) for client_id in clients),
            *(create_group(world, start, with_lock=with_lock) for _ in range(4)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, UUID) for outcome in outcomes) == 1
        (row,) = [row for row in await world.rows(TakenTime) if row.starts_at == start]
        assert [outcome for outcome in outcomes if isinstance(outcome, UUID)] == [row.id]
        written = [*await world.rows(Session), *await world.rows(Group)]
        assert [one.id for one in written if one.starts_at == start] == [row.id]


async def test_a_client_moves_where_a_group_is_created(api: Api, world: World) -> None:
    """The client is moved, or told that the time is not free and which times are."""
    ends: Counter[str] = Counter()
    for number in range(ROUNDS):
        start = START + number * 7 * DAY
        session_id = await world.book(start + DAY)
        answer, group = await asyncio.gather(
            api.reschedule(session_id, start),
            create_group(world, start, with_lock=True),
            return_exceptions=True,
        )
        assert not isinstance(answer, BaseException)
        if answer.status_code == 200:
            assert isinstance(group, Exception)
        else:
            assert answer.json()["code"] == "slot-unavailable"
            assert len(answer.json()["alternatives"]) == 3
            assert isinstance(group, UUID)
        ends[str(answer.status_code)] += 1
        assert len([row for row in await world.rows(TakenTime) if row.starts_at == start]) == 1
    assert sum(ends.values()) == ROUNDS
