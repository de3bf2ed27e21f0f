"""The worker's task: find freed times and ask for them; expire, withdraw and end what is due."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.transactions import read_connection, transact
from app.outbox.due import STILL_WAITING, run_for_due
from app.outbox.errors import describe
from app.waitlist.commands.collect import collect_freed_times
from app.waitlist.commands.offers import expire_offer, offer_freed_time, withdraw_gone_offer
from app.waitlist.commands.release import end_release
from app.waitlist.commands.wish import lapse_wish
from app.waitlist.due_queries import (
    list_due_times,
    list_ended_releases,
    list_expired_offers,
    list_gone_offers,
    list_lapsed_wishes,
    list_waiting_practices,
)

log = structlog.get_logger()


class Step(NamedTuple):
    """A part of the task: `find` gives the rows that are due, `command` does one of them."""

    find: Callable[[AsyncConnection, int], Awaitable[Sequence[tuple[UUID, UUID]]]]
    command: Callable[[AsyncConnection, UUID, UUID], Awaitable[None]]
    failure: str
    id_name: str


async def run_waitlists(engine: AsyncEngine, now: datetime, *, undo: timedelta) -> None:
    """Do what is due in the waitlists of all practices.

    Several workers may do this at once, and one that was killed is continued by the next run: each
    row is a transaction of its own, which does nothing if the row is done.
    """
    async with read_connection(engine) as db:
        practices = await list_waiting_practices(db)
    for practice_id in practices:
        await _collect(engine, practice_id, now, undo)
    for step in steps(now):
        await run_for_due(
            engine, step.find, step.command, failure=step.failure, id_name=step.id_name
        )


def steps(now: datetime) -> list[Step]:
    """Give the steps in their order.

    What ends comes first, so that a time that nobody has taken is offered to the next one in the
    same run. What ends at an instant up to which a client may act is recorded `STILL_WAITING`
    later.
    """
    until = now - STILL_WAITING
    return [
        Step(
            lambda db, most: list_lapsed_wishes(db, until, most),
            lambda db, practice_id, wish_id: lapse_wish(db, practice_id, wish_id, now=now),
            "wish_not_lapsed",
            "wish_id",
        ),
        Step(
            lambda db, most: list_expired_offers(db, until, most),
            lambda db, practice_id, offer_id: expire_offer(db, practice_id, offer_id, now=now),
            "offer_not_expired",
            "offer_id",
        ),
        Step(
            lambda db, most: list_ended_releases(db, until, most),
            lambda db, practice_id, session_id: end_release(db, practice_id, session_id, now=now),
            "release_not_ended",
            "session_id",
        ),
        Step(
            lambda db, most: list_gone_offers(db, now, most),
            lambda db, practice_id, offer_id: withdraw_gone_offer(
                db, practice_id, offer_id, now=now
            ),
            "offer_not_withdrawn",
            "offer_id",
        ),
        Step(
            lambda db, most: list_due_times(db, now, most),
            lambda db, practice_id, time_id: offer_freed_time(db, practice_id, time_id, now=now),
            "freed_time_not_offered",
            "freed_time_id",
        ),
    ]


async def _collect(engine: AsyncEngine, practice_id: UUID, now: datetime, undo: timedelta) -> None:
    async def collect(db: AsyncConnection) -> None:
        await collect_freed_times(db, practice_id, now=now, undo=undo)

    try:
        await transact(engine, collect)
    except Exception as error:  # noqa: BLE001 - the other practices must not wait for this one
        log.warning("freed_times_not_found", error=describe(error), practice_id=str(practice_id))
