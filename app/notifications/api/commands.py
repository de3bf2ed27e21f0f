"""What a practice does with a notification: it has it tried again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import NotificationFinishedError
from app.identity.api_keys.keys import Staff
from app.notifications.api.queries import NotificationRecord, read_notification
from app.outbox.queue import notification_wake, queue_wakes
from app.tables.notifications import Notification


async def retry_notification(
    db: AsyncConnection, staff: Staff, notification_id: UUID, *, now: datetime
) -> NotificationRecord:
    """Have a notification tried at once that failed, or that waits for its next try.

    One that is not due yet keeps its time. One that is being sent at this moment is left alone.

    Raises:
        NotFoundError: the practice has no such notification.
        NotificationFinishedError: it was sent or dropped.
    """
    own = (Notification.practice_id == staff.practice_id, Notification.id == notification_id)
    # A mail that is being sent is locked, and nobody waits for a mail server; an event is leased.
    not_leased = or_(Notification.leased_until.is_(None), Notification.leased_until <= now)
    is_free = select(Notification.id).where(*own, not_leased).with_for_update(skip_locked=True)
    being_sent = await db.scalar(is_free) is None
    found = await read_notification(db, staff.practice_id, notification_id)
    if found.status not in {"pending", "failed"}:
        raise NotificationFinishedError
    if being_sent or (found.status == "pending" and found.send_at > now):
        return found
    anew = {"status": "pending", "attempts": 0, "put_off": 0, "finished_at": None}
    again = update(Notification).where(*own).values(attempt_at=now)
    await db.execute(again.values(anew) if found.status == "failed" else again)
    wake = notification_wake(staff.practice_id, notification_id, found.recipient, found.kind, now)
    await queue_wakes(db, [wake], now)
    return await read_notification(db, staff.practice_id, notification_id)
