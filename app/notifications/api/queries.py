"""Reads a practice's notifications."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.domain.errors import NotFoundError
from app.tables.notifications import Notification
from app.web.cursors import TimePosition


@dataclass(frozen=True, slots=True)
class NotificationRecord:
    """One notification as the API shows it to the practice."""

    id: UUID
    kind: str
    recipient: str
    channel: str
    session_id: UUID | None
    change_id: UUID
    endpoint_id: UUID | None
    starts_at: datetime | None
    send_at: datetime
    status: str
    attempts: int
    last_error: str | None
    finished_at: datetime | None
    delivered_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    Notification.id,
    Notification.kind,
    Notification.recipient,
    Notification.channel,
    Notification.session_id,
    Notification.change_id,
    Notification.endpoint_id,
    Notification.starts_at,
    Notification.send_at,
    Notification.status,
    Notification.attempts,
    Notification.last_error,
    Notification.finished_at,
    Notification.delivered_at,
)


_FILTERS: Mapping[str, Filter] = {
    "status": equal(Notification.status),
    "recipient": equal(Notification.recipient),
    "channel": equal(Notification.channel),
    "kind": equal(Notification.kind),
    "session": equal(Notification.session_id),
    "endpoint": equal(Notification.endpoint_id),
    "since": from_instant(Notification.send_at),
    "until": before_instant(Notification.send_at),
}


async def list_notifications(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition]
) -> list[NotificationRecord]:
    """List a practice's notifications by `send_at`, latest first."""
    wanted = select(*_COLUMNS).where(
        Notification.practice_id == practice_id, *matching(_FILTERS, part.filters)
    )
    key = (Notification.send_at, Notification.id)
    rows = await db.execute(in_order(wanted, key, part.after, part.limit, latest_first=True))
    return [NotificationRecord(*row) for row in rows.all()]


async def read_notification(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> NotificationRecord:
    """Read one notification.

    Raises:
        NotFoundError: the practice has no such notification.
    """
    wanted = select(*_COLUMNS).where(
        Notification.practice_id == practice_id, Notification.id == notification_id
    )
    row = (await db.execute(wanted)).one_or_none()
    if row is None:
        raise NotFoundError
    return NotificationRecord(*row)
