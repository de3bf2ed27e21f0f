"""Lets a notification go as a text message: instead of its mail, or beside it."""

from datetime import datetime
from uuid import UUID, uuid4, uuid5

from sqlalchemy import ColumnElement, literal, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from app.outbox.outbox import TEXT_ANSWER, Channel
from app.outbox.queue import notification_wake, queue_wakes
from app.tables.joins import of_practice
from app.tables.notifications import Notification


async def change_channel(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    channel: Channel,
    at: datetime,
    now: datetime,
    *,
    error: str | None = None,
) -> None:
    """Let a notification go another way, at `at`. Ends its lease.

    `error`: the way that it went before has failed with it, which counts as an attempt.
    """
    changed = (
        update(Notification)
        .where(of_practice(practice_id, Notification, Notification.id == notification_id))
        .values(
            channel=channel,
            status="pending",
            attempt_at=at,
            leased_until=None,
            unanswered=0,
            finished_at=None,
        )
        .returning(Notification.recipient, Notification.kind)
    )
    if error is not None:
        changed = changed.values(attempts=Notification.attempts + 1, last_error=error)
    row = (await db.execute(changed)).one()
    wake = notification_wake(practice_id, notification_id, channel, *row, at)
    await queue_wakes(db, [wake], now)


async def queue_text(
    db: AsyncConnection, practice_id: UUID, mail_id: UUID, at: datetime, now: datetime
) -> None:
    """Queue the text message that goes beside a mail, due at `at`. A repetition changes nothing.

    There is one for each mail (`text_id`).
    """
    await _copy(db, practice_id, mail_id, text_id(mail_id), Notification.kind, at, now)


def text_id(mail_id: UUID) -> UUID:
    """Return the id of the text message that goes beside a mail."""
    return uuid5(mail_id, "text")


async def queue_answer(
    db: AsyncConnection, practice_id: UUID, text_id: UUID, now: datetime
) -> None:
    """Queue the answer to what a client has written, about the session of another text message."""
    await _copy(db, practice_id, text_id, uuid4(), literal(TEXT_ANSWER), now, now)


async def _copy(
    db: AsyncConnection,
    practice_id: UUID,
    of_id: UUID,
    new_id: UUID,
    kind: ColumnElement[str] | InstrumentedAttribute[str],
    at: datetime,
    now: datetime,
) -> None:
    """Queue a text message about the same change and session as another notification."""
    columns = {
        "practice_id": Notification.practice_id,
        "id": literal(new_id),
        "session_id": Notification.session_id,
        "change_id": Notification.change_id,
        "kind": kind,
        "recipient": Notification.recipient,
        "channel": literal("text"),
        "starts_at": Notification.starts_at,
        "send_at": literal(at),
        "attempt_at": literal(at),
        "status": literal("pending"),
        "attempts": literal(0),
        "put_off": literal(0),
    }
    own = of_practice(practice_id, Notification, Notification.id == of_id)
    added = (
        insert(Notification)
        .from_select([*columns], select(*columns.values()).where(own))
        .on_conflict_do_nothing()
        .returning(Notification.id, Notification.channel, Notification.recipient, Notification.kind)
    )
    rows = (await db.execute(added)).all()
    await queue_wakes(db, [notification_wake(practice_id, *row, at) for row in rows], now)
