"""The worker's task: find freed times and ask for them; expire, withdraw and end what is due."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
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


_Find = Callable[[AsyncConnection, datetime, int], Awaitable[Sequence[tuple[UUID, UUID]]]]


class _Command(Protocol):
    def __call__(
        self, db: AsyncConnection, practice_id: UUID, row_id: UUID, /, *, now: datetime
    ) -> Awaitable[None]: ...


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
        _step(list_lapsed_wishes, lapse_wish, now, "wish_not_lapsed", "wish_id", until=until),
        _step(list_expired_offers, expire_offer, now, "offer_not_expired", "offer_id", until=until),
        _step(
            list_ended_releases, end_release, now, "release_not_ended", "session_id", until=until
        ),
        _step(list_gone_offers, withdraw_gone_offer, now, "offer_not_withdrawn", "offer_id"),
        _step(list_due_times, offer_freed_time, now, "freed_time_not_offered", "freed_time_id"),
    ]


def _step(
    find: _Find,
    command: _Command,
    now: datetime,
    failure: str,
    id_name: str,
    *,
    until: datetime | None = None,
) -> Step:
    """Make a step at `now`; what is due `until` then is found, by default what is due now."""
    return Step(
        lambda db, most: find(db, until or now, most),
        lambda db, practice_id, row_id: command(db, practice_id, row_id, now=now),
        failure,
        id_name,
    )


async def _collect(engine: AsyncEngine, practice_id: UUID, now: datetime, undo: timedelta) -> None:
    async def collect(db: AsyncConnection) -> None:
        await collect_freed_times(db, practice_id, now=now, undo=undo)

    try:
        await transact(engine, collect)
    except Exception as error:  # noqa: BLE001 - the other practices must not wait for this one
        log.warning("freed_times_not_found", error=describe(error), practice_id=str(practice_id))
