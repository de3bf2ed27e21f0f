"""Metrics of the outbox, read at each scrape: numbers over all practices."""

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta

import asyncpg
from prometheus_client.core import GaugeMetricFamily, Metric
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.bounds import PROBE_TIMEOUT_SECONDS
from app.database.transactions import read_connection

RECIPIENTS = ("client", "practitioner", "practice", "webhook")
# A notification reaches its last attempt about a day after it was due.
FAILED_WITHIN = timedelta(days=7)
MAX_PER_PRACTICE = 5000

# For the operator: one of the few statements over all practices. LATERAL per practice, so that each
# half reads one range of an index; the limit bounds its time.
_OUTBOX = text("""
SELECT found.recipient, found.failed, count(*) AS notifications, min(found.send_at) AS oldest
FROM practices, LATERAL (
  (SELECT recipient, send_at, false AS failed FROM notifications
   WHERE practice_id = practices.practice_id AND status = 'pending' AND send_at <= :now
   ORDER BY send_at LIMIT :most)
  UNION ALL
  (SELECT recipient, send_at, true FROM (
     SELECT recipient, send_at, status FROM notifications
     WHERE practice_id = practices.practice_id AND send_at BETWEEN :since AND :now
     ORDER BY send_at DESC LIMIT :most) AS latest
   WHERE status = 'failed')
) AS found
GROUP BY found.recipient, found.failed
""")

_UNREACHABLE = (SQLAlchemyError, OSError, asyncpg.InterfaceError, asyncpg.PostgresError)


class Outbox:
    """The outbox at one instant, as a collector. `due` None: the database did not answer."""

    def __init__(self, due: dict[str, tuple[int, float]] | None, failed: dict[str, int]) -> None:
        self._due = due
        self._failed = failed

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics, with a zero for each kind of recipient without notifications."""
        yield GaugeMetricFamily(
            "reslot_database_up",
            f"1 where the database answered this scrape within {PROBE_TIMEOUT_SECONDS} seconds.",
            value=float(self._due is not None),
        )
        if self._due is None:
            return
        due, oldest, failed = _families()
        for recipient in RECIPIENTS:
            count, age = self._due.get(recipient, (0, 0.0))
            due.add_metric([recipient], count)
            oldest.add_metric([recipient], age)
            failed.add_metric([recipient], self._failed.get(recipient, 0))
        yield from (due, oldest, failed)


async def read_outbox(engine: AsyncEngine, now: datetime) -> Outbox:
    """Read the outbox with one statement, for at most PROBE_TIMEOUT_SECONDS.

    It reads for each practice the 5,000 that are due for longest and the latest 5,000 of the week.
    """
    values = {"now": now, "since": now - FAILED_WITHIN, "most": MAX_PER_PRACTICE}
    try:
        async with (
            asyncio.timeout(PROBE_TIMEOUT_SECONDS),
            read_connection(engine) as db,
        ):
            rows = (await db.execute(_OUTBOX, values)).all()
    except _UNREACHABLE:
        return Outbox(None, {})
    due = {
        row.recipient: (row.notifications, (now - row.oldest).total_seconds())
        for row in rows
        if not row.failed
    }
    return Outbox(due, {row.recipient: row.notifications for row in rows if row.failed})


def _families() -> tuple[GaugeMetricFamily, GaugeMetricFamily, GaugeMetricFamily]:
    labels = ["recipient"]
    return (
        GaugeMetricFamily(
            "reslot_outbox_due", "Notifications that are due and not sent.", labels=labels
        ),
        GaugeMetricFamily(
            "reslot_outbox_oldest_due_seconds",
            "How long the oldest of them has been due.",
            labels=labels,
        ),
        GaugeMetricFamily(
            "reslot_outbox_failed",
            f"Notifications of the last {FAILED_WITHIN.days} days that failed for good.",
            labels=labels,
        ),
    )
