"""Reading a practice's notices: what went out, what waits, what failed, and of what."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cursors import Place
from app.domain.errors import NotFoundError
from app.notices.models import Notice


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


async def list_notices(
    db: AsyncConnection,
    practice_id: UUID,
    equal: Mapping[str, Any],
    *,
    first: datetime | None,
    last: datetime | None,
    after: Place | None,
    limit: int,
) -> list[NoticeRecord]:
    """List notices due in `[first, last)`, latest first, whose columns are `equal` to these."""
    wanted = select(*_COLUMNS).where(Notice.practice_id == practice_id)
    for name, value in equal.items():
        wanted = wanted.where(Notice.__table__.c[name] == value)
    if first is not None:
        wanted = wanted.where(Notice.send_at >= first)
    if last is not None:
        wanted = wanted.where(Notice.send_at < last)
    if after is not None:
        wanted = wanted.where(tuple_(Notice.send_at, Notice.id) < tuple_(*after))
    rows = await db.execute(wanted.order_by(Notice.send_at.desc(), Notice.id.desc()).limit(limit))
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
