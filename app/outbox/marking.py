"""Records what became of a notification, mail or webhook. The row counts attempts."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.queue import notification_wake, queue_wakes
from app.tables.notifications import Notification

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=4)
RETRY_FACTOR = 3.0
# With these waits, the last of them is about a day after the first.
MAX_ATTEMPTS = 13


def wait_after(attempts: int) -> timedelta:
    """Say how long to wait after so many attempts that failed."""
    return min(FIRST_RETRY * RETRY_FACTOR ** (attempts - 1), LAST_RETRY)


@dataclass(frozen=True, slots=True)
class Marked:
    """How a notification stands after an attempt."""

    status: str
    attempts: int


async def mark_finished(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    status: Literal["sent", "dropped"],
    now: datetime,
) -> None:
    """Mark a notification as sent, which takes an attempt, or as dropped, which takes none."""
    await db.execute(
        update(Notification)
        .where(Notification.practice_id == practice_id, Notification.id == notification_id)
        .values(
            status=status,
            attempts=Notification.attempts + (1 if status == "sent" else 0),
            leased_until=None,
            finished_at=now,
        )
    )


async def mark_failed(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    error: str,
    now: datetime,
    *,
    for_good: bool = False,
) -> Marked | None:
    """Count an attempt that failed, and set the instant of the next, with a wake for it.

    The last attempt, or one that failed for good, ends the notification. `error` must not contain
    personal data.
    None: the notification was done with already.
    """
    own = (Notification.practice_id == practice_id, Notification.id == notification_id)
    wanted = select(Notification.attempts, Notification.recipient, Notification.kind).where(
        *own, Notification.status == "pending"
    )
    row = (await db.execute(wanted.with_for_update())).one_or_none()
    if row is None:
        return None
    attempts = row.attempts + 1
    counted = update(Notification).where(*own)
    counted = counted.values(attempts=attempts, last_error=error, leased_until=None)
    if for_good or attempts >= MAX_ATTEMPTS:
        await db.execute(counted.values(status="failed", finished_at=now))
        return Marked("failed", attempts)
    again_at = now + wait_after(attempts)
    await db.execute(counted.values(attempt_at=again_at))
    wake = notification_wake(practice_id, notification_id, row.recipient, row.kind, again_at)
    await queue_wakes(db, [wake], now)
    return Marked("pending", attempts)
