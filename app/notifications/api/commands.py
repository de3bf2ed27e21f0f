"""What a practice does with a notice: it has it tried again."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import NoticeFinishedError
from app.identity.api_keys.keys import Staff
from app.notifications.api.queries import NoticeRecord, read_notice
from app.outbox.queue import notice_wake, queue_wakes
from app.tables.notifications import Notice


async def retry_notice(
    db: AsyncConnection, staff: Staff, notice_id: UUID, *, now: datetime
) -> NoticeRecord:
    """Have a notice tried at once that failed, or that waits for its next try.

    One that is not due yet keeps its time. One that is being sent at this moment is left alone.

    Raises:
        NotFoundError: the practice has no such notice.
        NoticeFinishedError: it was sent or dropped.
    """
    own = (Notice.practice_id == staff.practice_id, Notice.id == notice_id)
    # A mail that is being sent is locked, and nobody waits for a mail server; an event is leased.
    not_leased = or_(Notice.leased_until.is_(None), Notice.leased_until <= now)
    is_free = select(Notice.id).where(*own, not_leased).with_for_update(skip_locked=True)
    being_sent = await db.scalar(is_free) is None
    found = await read_notice(db, staff.practice_id, notice_id)
    if found.status not in {"pending", "failed"}:
        raise NoticeFinishedError
    if being_sent or (found.status == "pending" and found.send_at > now):
        return found
    anew = {"status": "pending", "attempts": 0, "put_off": 0, "finished_at": None}
    again = update(Notice).where(*own).values(attempt_at=now)
    await db.execute(again.values(anew) if found.status == "failed" else again)
    wake = notice_wake(staff.practice_id, notice_id, found.recipient, found.kind, now)
    await queue_wakes(db, [wake], now)
    return await read_notice(db, staff.practice_id, notice_id)
