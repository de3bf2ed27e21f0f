"""Statements of the retry of a notification."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.notifications import Notification


async def lock_unless_being_sent(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime
) -> bool:
    """Lock a notification for the transaction, without waiting. Return whether it is locked.

    False: a worker is sending it (a mail is locked meanwhile, a webhook event is leased), or the
    practice has no such notification.
    """
    not_leased = or_(Notification.leased_until.is_(None), Notification.leased_until <= now)
    wanted = select(Notification.id).where(*_own(practice_id, notification_id), not_leased)
    return await db.scalar(wanted.with_for_update(skip_locked=True)) is not None


async def make_due(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime, *, restart: bool
) -> None:
    """Set the next attempt to `now`. `restart`: also reset a failed one to pending, 0 attempts."""
    due = update(Notification).where(*_own(practice_id, notification_id)).values(attempt_at=now)
    if restart:
        due = due.values(status="pending", attempts=0, put_off=0, unanswered=0, finished_at=None)
    await db.execute(due)


def _own(
    practice_id: UUID, notification_id: UUID
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (Notification.practice_id == practice_id, Notification.id == notification_id)
