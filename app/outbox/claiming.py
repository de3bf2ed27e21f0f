"""Claims a notification that is due, so that only one worker at a time sends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.database.writing import Write
from app.outbox.queue import notification_wake, queue_wakes
from app.tables.joins import PRACTICE, of_practice
from app.tables.notifications import Notification

DUE = "due"
# Results of a claim when another worker or another wake is responsible for the notification.
LEFT_TO_OTHERS = frozenset({"busy", "waiting"})
# A wake may be early by this much, because clocks of machines differ. Less than the first backoff.
CLOCK_TOLERANCE = timedelta(seconds=2)

_OWN = of_practice(PRACTICE, Notification, Notification.id == bindparam("notification_id"))
_CLAIM = Read(
    select(
        Notification.status,
        Notification.channel,
        Notification.attempts,
        Notification.recipient,
        Notification.kind,
        Notification.unanswered,
        Notification.attempt_at,
        Notification.leased_until,
        Notification.put_off,
    )
    .where(_OWN)
    .with_for_update(skip_locked=True)
)
_DUE_ONE = (
    select(Notification.id)
    .where(
        Notification.practice_id == bindparam("of_practice"),
        Notification.id == bindparam("of_notification"),
        Notification.status == "pending",
        Notification.attempt_at <= bindparam("latest"),
        or_(Notification.leased_until.is_(None), Notification.leased_until <= bindparam("latest")),
    )
    .with_for_update(skip_locked=True)
    .cte("due_one")
)
_TAKE = Write(
    update(Notification)
    .where(Notification.practice_id == bindparam("of_practice"), Notification.id == _DUE_ONE.c.id)
    .returning(
        Notification.practice_id,
        Notification.id,
        Notification.put_off,
        Notification.channel,
        Notification.attempts,
        Notification.unanswered,
    ),
    "leased_until",
)
_EXISTS = Read(select(Notification.id).where(_OWN))


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of a claim. Only a `DUE` notification may be sent.

    It is sent within the transaction that has claimed it, or until its lease ends. Otherwise
    `found` is `waiting` (its next attempt or the end of another worker's lease is in the future),
    `busy` (another worker has locked it), `done` (sent, dropped or failed) or `gone` (no such row).
    `put_off` counts its postponements, `attempts` the failed attempts, and `unanswered` those of
    its present channel after which it may have arrived.
    """

    found: str
    put_off: int = 0
    channel: str = "mail"
    attempts: int = 0
    unanswered: int = 0


async def claim(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime
) -> Claim:
    """Lock a notification for the caller's transaction, and tell whether it is due.

    If the row is leased, a new wake is queued for the end of the lease, because the worker that
    holds it may have stopped. If the row is locked, no wake is queued: if that worker stops, the
    sweep finds the row.
    """
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = await _CLAIM.one(db, ids)
    if row is None:
        return Claim("busy" if await _EXISTS.one(db, ids) else "gone")
    if row["status"] != "pending":
        return Claim("done")
    latest = now + CLOCK_TOLERANCE
    if row["leased_until"] is not None and row["leased_until"] > latest:
        wake = notification_wake(
            practice_id,
            notification_id,
            row["channel"],
            row["recipient"],
            row["kind"],
            row["leased_until"],
        )
        await queue_wakes(db, [wake], now)
        return Claim("waiting")
    if row["attempt_at"] > latest:
        return Claim("waiting")
    return _claim_of(row)


async def take(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime, until: datetime
) -> Claim | None:
    """Claim a notification that is due, and lease it: no other worker claims it until about then.

    None: it is not due, or another worker has it; `why_not_taken` says which.
    """
    (taken,) = await take_all(db, [(practice_id, notification_id)], now, until)
    return taken


async def why_not_taken(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime
) -> str:
    """Tell why `take` took nothing: `found` of a claim, which queues a wake for a leased one."""
    found = (await claim(db, practice_id, notification_id, now)).found
    # Whoever had locked it has let it go since. If it is still due, the sweep finds it.
    return "busy" if found == DUE else found


async def take_all(
    db: AsyncConnection, ids: Sequence[tuple[UUID, UUID]], now: datetime, until: datetime
) -> list[Claim | None]:
    """Claim and lease each of several notifications, given by practice and id, as `take` does.

    One that is named twice is claimed once.
    """
    values = [
        {
            "of_practice": practice_id,
            "of_notification": notification_id,
            "latest": now + CLOCK_TOLERANCE,
            "leased_until": until,
        }
        for practice_id, notification_id in ids
    ]
    taken = {
        (row["practice_id"], row["id"]): _claim_of(row)
        for row in await _TAKE.run_for_each(db, values)
    }
    return [taken.pop(one, None) for one in ids]


def _claim_of(row: Mapping[str, Any]) -> Claim:
    return Claim(DUE, row["put_off"], row["channel"], row["attempts"], row["unanswered"])


async def postpone(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, until: datetime, now: datetime
) -> None:
    """Postpone a claimed notification to `until`, without counting an attempt. Ends its lease."""
    changed = (
        update(Notification)
        .where(*_own(practice_id, notification_id))
        .values(attempt_at=until, put_off=Notification.put_off + 1, leased_until=None)
        .returning(Notification.channel, Notification.recipient, Notification.kind)
    )
    row = (await db.execute(changed)).one()
    wake = notification_wake(practice_id, notification_id, *row, until)
    await queue_wakes(db, [wake], now)


def _own(
    practice_id: UUID, notification_id: UUID
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Notification.practice_id == practice_id, Notification.id == notification_id)
