"""Reading a practice's notices: what went out, what waits, what failed, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.domain.errors import NotFoundError
from app.tables.notifications import Notice
from app.web.cursors import Place


@dataclass(frozen=True, slots=True)
class NoticeRecord:
    """One notice as the practice sees it."""

    id: UUID
    kind: str
    recipient: str
    session_id: UUID | None
    change_id: UUID
    endpoint_id: UUID | None
    starts_at: datetime | None
    send_at: datetime
    status: str
    attempts: int
    last_error: str | None
    finished_at: datetime | None


_COLUMNS: tuple[Any, ...] = (
    Notice.id,
    Notice.kind,
    Notice.recipient,
    Notice.session_id,
    Notice.change_id,
    Notice.endpoint_id,
    Notice.starts_at,
    Notice.send_at,
    Notice.status,
    Notice.attempts,
    Notice.last_error,
    Notice.finished_at,
)


_FILTERS: Mapping[str, Filter] = {
    "status": equal(Notice.status),
    "recipient": equal(Notice.recipient),
    "kind": equal(Notice.kind),
    "session": equal(Notice.session_id),
    "endpoint": equal(Notice.endpoint_id),
    "since": from_instant(Notice.send_at),
    "until": before_instant(Notice.send_at),
}


async def list_notices(
    db: AsyncConnection, practice_id: UUID, part: Part[Place]
) -> list[NoticeRecord]:
    """List a practice's notices by the time that they are due, latest first."""
    wanted = select(*_COLUMNS).where(
        Notice.practice_id == practice_id, *matching(_FILTERS, part.filters)
    )
    key = (Notice.send_at, Notice.id)
    rows = await db.execute(in_order(wanted, key, part.after, part.limit, latest_first=True))
    return [NoticeRecord(*row) for row in rows.all()]


async def read_notice(db: AsyncConnection, practice_id: UUID, notice_id: UUID) -> NoticeRecord:
    """Read one notice.

    Raises:
        NotFoundError: the practice has no such notice.
    """
    wanted = select(*_COLUMNS).where(Notice.practice_id == practice_id, Notice.id == notice_id)
    row = (await db.execute(wanted)).one_or_none()
    if row is None:
        raise NotFoundError
    return NoticeRecord(*row)
