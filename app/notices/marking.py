"""Writing down what became of a notice: of mails and webhooks alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import case, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.notices.models import Notice

# With the waits of app/notices/worker.py, the last of these is about a day after the first.
MAX_ATTEMPTS = 13


@dataclass(frozen=True, slots=True)
class Marked:
    """How a notice stands after an attempt."""

    status: str
    attempts: int


async def mark_finished(
    db: AsyncConnection,
    practice_id: UUID,
    notice_id: UUID,
    status: Literal["sent", "dropped"],
    now: datetime,
) -> None:
    """Mark a notice as sent, which takes an attempt, or as dropped, which takes none."""
    await db.execute(
        update(Notice)
        .where(Notice.practice_id == practice_id, Notice.id == notice_id)
        .values(
            status=status,
            attempts=Notice.attempts + (1 if status == "sent" else 0),
            finished_at=now,
        )
    )


async def mark_failed(
    db: AsyncConnection,
    practice_id: UUID,
    notice_id: UUID,
    error: str,
    now: datetime,
    *,
    for_good: bool = False,
) -> Marked | None:
    """Count an attempt that failed; the last one, or one that failed for good, ends the notice.

    `error` may hold nothing personal. None: the notice was done with already.
    """
    attempts = Notice.attempts + 1
    is_last = true() if for_good else attempts >= MAX_ATTEMPTS
    row = (
        await db.execute(
            update(Notice)
            .where(
                Notice.practice_id == practice_id,
                Notice.id == notice_id,
                Notice.status == "pending",
            )
            .values(
                attempts=attempts,
                last_error=error,
                status=case((is_last, "failed"), else_="pending"),
                finished_at=case((is_last, now), else_=None),
            )
            .returning(Notice.status, Notice.attempts)
        )
    ).one_or_none()
    return None if row is None else Marked(row.status, row.attempts)
