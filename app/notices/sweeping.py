"""The sweep: wakes anew for what is due and has none, as after the loss of a job."""

from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.notices.claiming import not_leased
from app.notices.jobs import has_no_wake, notice_wake, queue_wakes
from app.notices.models import Notice

AT_ONCE = 1000

log = structlog.get_logger()


async def sweep_notices(db: AsyncConnection, now: datetime) -> None:
    """Queue a wake for each notice of any practice that is due, longest due first."""
    due = (
        select(Notice.practice_id, Notice.id, Notice.recipient, Notice.kind, Notice.attempt_at)
        .where(
            Notice.status == "pending",
            Notice.attempt_at <= now,
            not_leased(now),
            has_no_wake(Notice.__table__.c.id, Notice.__table__.c.attempt_at),
        )
        .order_by(Notice.attempt_at)
        .limit(AT_ONCE)
    )
    rows = (await db.execute(due)).all()
    if rows:
        log.warning("notices_stranded", count=len(rows))
        await queue_wakes(db, [notice_wake(*row) for row in rows], now)
