"""The sweep: queues wakes for due notifications that have none, for example after a lost job."""

from datetime import datetime

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.outbox.queue import HAS_NO_WAKE, notification_wake, queue_wakes

AT_ONCE = 1000

log = structlog.get_logger()

# LATERAL per practice, so that each practice is one range of an index. MATERIALIZED, because on a
# cluster notifications are distributed, the queue is not, and no statement can join the two.
_DUE = text(
    "WITH due AS MATERIALIZED (SELECT due.* FROM practices, LATERAL ("  # noqa: S608 - constants only
    "SELECT practice_id, id, channel, recipient, kind, attempt_at FROM notifications"
    " WHERE practice_id = practices.practice_id AND status = 'pending' AND attempt_at <= :now"
    " AND (leased_until IS NULL OR leased_until <= :now)"
    ") AS due) "
    f"SELECT due.* FROM due WHERE {HAS_NO_WAKE.format(table='due')}"
    " ORDER BY attempt_at LIMIT :most"
)


async def sweep_notifications(db: AsyncConnection, now: datetime) -> None:
    """Queue a wake for each notification of any practice that is due, up to 1,000 at a time."""
    rows = (await db.execute(_DUE, {"now": now, "most": AT_ONCE})).all()
    if rows:
        log.warning("notifications_stranded", count=len(rows))
        await queue_wakes(db, [notification_wake(*row) for row in rows], now)
