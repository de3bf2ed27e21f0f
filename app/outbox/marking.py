"""Records the result of an attempt to send a notification, whose row counts the attempts."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.outbox.errors import UnansweredError, UndeliverableError, describe
from app.outbox.queue import notification_wake, queue_wakes
from app.tables.notifications import Notification

# Attempts of one message that got no answer: each may be one more copy.
MAX_UNANSWERED = 3
FIRST_WAIT_UNANSWERED = timedelta(minutes=15)
WAIT_FACTOR_UNANSWERED = 4
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = timedelta(hours=4)
WAIT_FACTOR = 3.0
# With these waits the last attempt is 20 hours after the first.
MAX_ATTEMPTS = 13

_FINISH = Write(
    update(Notification)
    .where(
        Notification.practice_id == bindparam("of_practice"),
        Notification.id == bindparam("of_notification"),
    )
    .values(
        attempts=Notification.attempts + bindparam("counted", type_=Integer), leased_until=None
    ),
    "status",
    "finished_at",
)


def wait_after(attempts: int) -> timedelta:
    """Return the wait after this many failed attempts: exponential backoff with a maximum."""
    return min(FIRST_WAIT * WAIT_FACTOR ** (attempts - 1), LONGEST_WAIT)


End = Literal["sent", "dropped"]


async def mark_finished(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, status: End, now: datetime
) -> None:
    """Mark a notification as sent, which counts an attempt, or as dropped, which does not."""
    await mark_all_finished(db, [(practice_id, notification_id, status, now)])


async def mark_all_finished(
    db: AsyncConnection, ends: Sequence[tuple[UUID, UUID, End, datetime]]
) -> None:
    """Mark several notifications as `mark_finished` does: practice, id, how and when it ended."""
    values = [
        {
            "of_practice": practice_id,
            "of_notification": notification_id,
            "status": status,
            "counted": 1 if status == "sent" else 0,
            "finished_at": now,
        }
        for practice_id, notification_id, status, now in ends
    ]
    await _FINISH.run_for_each(db, values)


async def mark_failed(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    error: Exception,
    now: datetime,
) -> str:
    """Count a failed attempt, and schedule the next one with a wake; return the new status.

    After the last attempt, or if the address refuses it for good, that is `failed`. If the message
    may have arrived, the wait is longer, and there are at most `MAX_UNANSWERED` such attempts.
    `done`: the notification was not pending any more.
    """
    own = (Notification.practice_id == practice_id, Notification.id == notification_id)
    wanted = select(
        Notification.attempts,
        Notification.unanswered,
        Notification.channel,
        Notification.recipient,
        Notification.kind,
    ).where(*own, Notification.status == "pending")
    row = (await db.execute(wanted.with_for_update())).one_or_none()
    if row is None:
        return "done"
    attempts = row.attempts + 1
    may_have_arrived = isinstance(error, UnansweredError)
    unanswered = row.unanswered + may_have_arrived
    counted = update(Notification).where(*own)
    counted = counted.values(
        attempts=attempts, unanswered=unanswered, last_error=describe(error), leased_until=None
    )
    is_last = attempts >= MAX_ATTEMPTS or (may_have_arrived and unanswered >= MAX_UNANSWERED)
    if is_last or isinstance(error, UndeliverableError):
        await db.execute(counted.values(status="failed", finished_at=now))
        return "failed"
    wait = wait_after(attempts)
    if may_have_arrived:
        wait = max(wait, FIRST_WAIT_UNANSWERED * WAIT_FACTOR_UNANSWERED ** (unanswered - 1))
    again_at = now + wait
    await db.execute(counted.values(attempt_at=again_at))
    wake = notification_wake(
        practice_id, notification_id, row.channel, row.recipient, row.kind, again_at
    )
    await queue_wakes(db, [wake], now)
    return "pending"
