"""Claiming a notification that is due: one worker at a time has it, and only while it is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.queue import notification_wake, queue_wakes
from app.tables.notifications import Notification

DUE = "due"
# A wake may come early by so much: the clocks of two machines differ. Less than the first back-off.
CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a wake found. Only what is `DUE` may be sent, by the transaction that claimed it.

    Else `found` is `waiting` (its next attempt, or the end of another worker's lease, is still to
    come), `busy` (another worker has locked it), `done` (it has ended) or `gone`. `put_off`: how
    often it was put off without an attempt.
    """

    found: str
    put_off: int = 0


async def claim(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime
) -> Claim:
    """Lock a notification where it is due; the lock ends with the caller's transaction.

    A wake that finds it leased comes back when the lease ends: its holder may have died. A wake
    that finds it locked does not come back: if its holder dies, the sweep finds it.
    """
    own = _own(practice_id, notification_id)
    wanted = select(
        Notification.status,
        Notification.recipient,
        Notification.kind,
        Notification.attempt_at,
        Notification.leased_until,
        Notification.put_off,
    ).where(*own)
    row = (await db.execute(wanted.with_for_update(skip_locked=True))).one_or_none()
    if row is None:
        return Claim("busy" if await db.scalar(select(Notification.id).where(*own)) else "gone")
    if row.status != "pending":
        return Claim("done")
    latest = now + CLOCK_TOLERANCE
    if row.leased_until is not None and row.leased_until > latest:
        ids = practice_id, notification_id
        wake = notification_wake(*ids, row.recipient, row.kind, row.leased_until)
        await queue_wakes(db, [wake], now)
        return Claim("waiting")
    if row.attempt_at > latest:
        return Claim("waiting")
    return Claim(DUE, row.put_off)


async def lease(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, until: datetime
) -> None:
    """Keep a claimed notification after the transaction; until then no other worker claims it."""
    await db.execute(
        update(Notification).where(*_own(practice_id, notification_id)).values(leased_until=until)
    )


async def put_off(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, until: datetime, now: datetime
) -> None:
    """Have a claimed notification wait without an attempt."""
    changed = (
        update(Notification)
        .where(*_own(practice_id, notification_id))
        .values(attempt_at=until, put_off=Notification.put_off + 1)
        .returning(Notification.recipient, Notification.kind)
    )
    row = (await db.execute(changed)).one()
    wake = notification_wake(practice_id, notification_id, row.recipient, row.kind, until)
    await queue_wakes(db, [wake], now)


def _own(
    practice_id: UUID, notification_id: UUID
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Notification.practice_id == practice_id, Notification.id == notification_id)


# What a claim finds where another worker, or another wake, has the notification.
NOT_CLAIMABLE = frozenset({"busy", "waiting"})
