"""What commands call inside their transaction, so that no mail is lost and none is made up.

A notice is written with the change it tells of; product.md section 6.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.notices.jobs import NoticeJob, enqueue
from app.notices.models import Notice

Kind = Literal["booked", "rescheduled", "cancelled", "reminder"]
Recipient = Literal["client", "practitioner"]


@dataclass(frozen=True, slots=True)
class NewNotice:
    """A mail to be sent at `send_at` (at once where that is past).

    `starts_at` is the session's start that the mail is about.
    """

    kind: Kind
    recipient: Recipient
    starts_at: datetime
    send_at: datetime


async def queue_notices(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    change_id: UUID,
    notices: Sequence[NewNotice],
    now: datetime,
) -> None:
    """Write notices about a change, and the jobs that send them, in the caller's transaction."""
    if not notices:
        return
    numbered = [(uuid4(), notice) for notice in notices]
    rows = [
        {
            "practice_id": practice_id,
            "id": notice_id,
            "session_id": session_id,
            "change_id": change_id,
            "status": "pending",
            "attempts": 0,
            **asdict(notice),
        }
        for notice_id, notice in numbered
    ]
    await db.execute(insert(Notice), rows)
    jobs = [NoticeJob(practice_id, id_, notice.send_at - now) for id_, notice in numbered]
    await enqueue(db, jobs)


async def drop_reminders(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, now: datetime
) -> None:
    """Drop the session's reminders that wait for their time.

    One that is being sent at this moment is left alone, so that no client waits for a mail server;
    if it cannot be sent, it is found to be out of date when it is tried again.
    """
    waiting = (
        select(Notice.id)
        .where(
            Notice.practice_id == practice_id,
            Notice.session_id == session_id,
            Notice.kind == "reminder",
            Notice.status == "pending",
        )
        .with_for_update(skip_locked=True)
        .cte("waiting")
    )
    await db.execute(
        update(Notice)
        .where(Notice.practice_id == practice_id, Notice.id == waiting.c.id)
        .values(status="dropped", finished_at=now)
    )


def reminders(
    starts_at: datetime, offsets_minutes: Sequence[int], now: datetime
) -> list[NewNotice]:
    """Give one reminder to the client per offset whose time is still to come, soonest first."""
    times = {starts_at - timedelta(minutes=minutes) for minutes in offsets_minutes}
    return [
        NewNotice("reminder", "client", starts_at, send_at)
        for send_at in sorted(times)
        if send_at > now
    ]
