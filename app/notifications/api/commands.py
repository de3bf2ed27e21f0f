"""Commands on notifications: retry."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import NotificationFinishedError
from app.identity.api_keys.keys import Staff
from app.notifications.api.queries import NotificationRecord, read_notification
from app.notifications.api.repository import lock_unless_being_sent, make_due
from app.outbox.queue import notification_wake, queue_wakes


async def retry_notification(
    db: AsyncConnection, staff: Staff, notification_id: UUID, *, now: datetime
) -> NotificationRecord:
    """Make a notification due now: one that failed, or one that waits for its next attempt.

    A notification whose `send_at` is still to come, or that a worker is sending, is not changed.

    Raises:
        NotFoundError: the practice has no such notification.
        NotificationFinishedError: it was sent or dropped.
    """
    is_locked = await lock_unless_being_sent(db, staff.practice_id, notification_id, now)
    found = await read_notification(db, staff.practice_id, notification_id)
    if found.status not in {"pending", "failed"}:
        raise NotificationFinishedError
    if not is_locked or (found.status == "pending" and found.send_at > now):
        return found
    has_failed = found.status == "failed"
    await make_due(db, staff.practice_id, notification_id, now, restart=has_failed)
    wake = notification_wake(
        staff.practice_id, notification_id, found.channel, found.recipient, found.kind, now
    )
    await queue_wakes(db, [wake], now)
    return await read_notification(db, staff.practice_id, notification_id)
