"""Many wishes against one freed time: matched quickly, and in a bounded number of statements."""

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, insert
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.statements import SentStatement, watch_driver
from app.tables.practices import Client
from app.tables.sessions import Session
from app.tables.waitlist import FreedTime, Offer, Wish
from app.waitlist.freed_queries import read_freed_time
from app.waitlist.matching import matches
from tests.waiting import FREED, LATE, Waiting
from tests.world import NOW, World

WISHES = 1000
MOST_STATEMENTS = 5


async def add_wishes(world: World, count: int, **values: object) -> None:
    """Add clients with sessions in a week of their own each, whom only the last one suits."""
    clients = [uuid4() for _ in range(count)]
    (like,) = await world.rows(Session, starts_at=LATE)
    session = like._asdict()
    sessions, wishes = [], []
    for number, client_id in enumerate(clients):
        session_id, start = (
            uuid4(),
            LATE + timedelta(days=7 * (1 + number % 400), hours=number // 400),
        )
        moment = {
            "starts_at": start,
            "ends_at": start + timedelta(minutes=50),
            "taken_until": start + timedelta(minutes=50),
            "booked_starts_at": start,
        }
        sessions.append({**session, "id": session_id, "client_id": client_id, **moment})
        wishes.append(_wish(world, client_id, session_id, number) | values)
    base = {
        "practice_id": world.practice_id,
        "email": "x@client.example",
        "time_zone": "America/New_York",
        "locale": "en-US",
        "token_generation": 0,
        "address_generation": 0,
        "active": True,
    }
    async with world.engine.begin() as db:
        await db.execute(
            insert(Client), [base | {"id": id_, "name": f"C{n}"} for n, id_ in enumerate(clients)]
        )
        await db.execute(insert(Session), sessions)
        await db.execute(insert(Wish), wishes)


def _wish(world: World, client_id: UUID, session_id: UUID, number: int) -> dict[str, object]:
    return {
        "practice_id": world.practice_id,
        "id": uuid4(),
        "client_id": client_id,
        "session_id": session_id,
        "service_id": world.service_id,
        "practitioner_id": world.practitioner_id,
        "state": "waiting",
        "weekdays": [],
        "formats": [],
        "notice_hours": 0,
        "made_at": NOW - timedelta(minutes=WISHES - number),
        "unanswered": 0,
    }


@contextmanager
def counted(engine: AsyncEngine) -> Iterator[list[str]]:
    """Collect the statements that are sent by SQLAlchemy and past it."""
    sent: list[str] = []

    def see(*arguments: Any) -> None:
        sent.append(arguments[2])

    def watch(statement: SentStatement) -> AbstractContextManager[object]:
        sent.append(statement.text)
        return nullcontext()

    event.listen(engine.sync_engine, "before_cursor_execute", see)
    end = watch_driver(engine, watch)
    try:
        yield sent
    finally:
        end()
        event.remove(engine.sync_engine, "before_cursor_execute", see)


@pytest.mark.alone
@pytest.mark.slow
async def test_a_thousand_wishes_are_matched_in_less_than_a_second(
    waiting: Waiting, world: World, engine: AsyncEngine
) -> None:
    # None of them suits but by the last condition, which is looked at for each.
    await add_wishes(world, WISHES, notice_hours=24 * 30)
    await waiting.free()
    wish = await waiting.wish()
    await waiting.work()
    (freed,) = await world.rows(FreedTime)
    (offer,) = await world.rows(Offer)
    assert str(offer.wish_id) == wish["id"]
    async with engine.begin() as db:
        found = await read_freed_time(db, world.practice_id, freed.id)
        # What else the machine does costs processor time too: the best of three counts.
        for _ in range(3):
            with counted(engine) as sent:
                began = time.process_time()
                nobody = list(await matches(db, found, NOW))
                seconds = time.process_time() - began
            assert nobody == []
            assert len(sent) <= MOST_STATEMENTS
            if seconds < 1:
                break
    assert seconds < 1, seconds


@pytest.mark.alone
async def test_the_number_of_statements_does_not_grow_with_the_wishes(
    waiting: Waiting, world: World, engine: AsyncEngine
) -> None:
    numbers = []
    for count, day in ((10, 0), (300, 1)):
        start = FREED + timedelta(days=day)
        await add_wishes(world, count)
        if day:
            waiting.taken_id = await world.book(start, client_id=waiting.other_id)
        await waiting.free()
        with counted(engine) as sent:
            await waiting.work()
        assert len(await world.rows(Offer, state="open", starts_at=start)) == 1
        numbers.append(len(sent))
    assert numbers[0] == numbers[1]
