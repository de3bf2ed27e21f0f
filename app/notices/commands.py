"""What a practice does with a notice: it has it tried again."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.domain.errors import NoticeFinishedError
from app.notices.jobs import NoticeJob, hurry
from app.notices.models import Notice
from app.notices.queries import NoticeRecord, read_notice


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
    # A mail that is being sent is locked, and nobody waits for a mail server.
    is_free = await db.scalar(select(Notice.id).where(*own).with_for_update(skip_locked=True))
    found = await read_notice(db, staff.practice_id, notice_id)
    if found.status not in {"pending", "failed"}:
        raise NoticeFinishedError
    if is_free is None or (found.status == "pending" and found.send_at > now):
        return found
    await db.execute(
        update(Notice)
        .where(*own, Notice.status == "failed")
        .values(status="pending", attempts=0, finished_at=None)
    )
    job = NoticeJob(staff.practice_id, notice_id, timedelta(0), found.recipient, found.kind)
    await hurry(db, job)
    return await read_notice(db, staff.practice_id, notice_id)
