"""Wakes: jobs of the job library, enqueued in the caller's transaction. They contain ids only.

A wake makes a worker look at a row at a given time. The row says whether anything is due. So a wake
that runs twice, late, or never (app/outbox/sweeping.py) does no harm.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast, get_args
from uuid import UUID

from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import send
from app.domain.nudge import ReminderKind

SEND_NOTIFICATION = "send_notification"
SEND_REMINDER = "send_reminder"
SEND_TEXT = "send_text"
SEND_WEBHOOK = "send_webhook"

# Priorities within an entrypoint; a higher number is sent first. Sign-in links have a higher
# priority than both (app/identity/sign_in/jobs.py).
_TO_CLIENT = 5
_TO_OTHERS = 0

# SQL condition on a row of {table}. It computes the key of the wake in the same way as `Wake.key`.
HAS_NO_WAKE = (
    "(SELECT id FROM pgqueuer WHERE status IN ('queued', 'picked') AND dedupe_key ="
    " {table}.id::text || '/' || (extract(epoch FROM {table}.attempt_at) * 1000000)::bigint)"
    " IS NULL"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wake:
    """A job that makes a worker look at row `id` at the instant `at`. `payload` holds ids only."""

    entrypoint: str
    priority: int
    id: UUID
    payload: Mapping[str, str]
    at: datetime

    @property
    def key(self) -> str:
        """The deduplication key: a row has at most one wake for an instant."""
        return f"{self.id}/{(self.at - _EPOCH) // timedelta(microseconds=1)}"


def notification_wake(
    practice_id: UUID,
    notification_id: UUID,
    channel: str,
    recipient: str,
    kind: str,
    at: datetime,
) -> Wake:
    """Make the wake for a notification.

    Webhook events and text messages have their own entrypoints, so that slow receivers and a slow
    gateway do not delay mails. Reminders and nudges have one too, because thousands of them can be
    due at once; as text messages they go after the others.
    """
    is_reminder = kind in get_args(ReminderKind)
    priority = _TO_CLIENT if recipient == "client" else _TO_OTHERS
    if channel == "webhook":
        entrypoint = SEND_WEBHOOK
    elif channel == "text":
        entrypoint = SEND_TEXT
        priority = _TO_OTHERS if is_reminder else _TO_CLIENT
    else:
        entrypoint = SEND_REMINDER if is_reminder else SEND_NOTIFICATION
    payload = {"practice_id": str(practice_id), "notification_id": str(notification_id)}
    return Wake(entrypoint, priority, notification_id, payload, at)


async def queue_wakes(db: AsyncConnection, wakes: Sequence[Wake], now: datetime) -> None:
    """Enqueue wakes with one statement of the caller's transaction, and skip existing ones.

    The job library uses the database's clock, so each wake gets a delay relative to `now`.
    """
    await Queries(cast("Driver", _EnqueueDriver(db))).enqueue(
        [wake.entrypoint for wake in wakes],
        [json.dumps(dict(wake.payload)).encode() for wake in wakes],
        [wake.priority for wake in wakes],
        [max(wake.at - now, timedelta(0)) for wake in wakes],
        [wake.key for wake in wakes],
        on_conflict="skip",
    )


def read_payload(payload: bytes | None) -> tuple[UUID, UUID]:
    """Return the practice's id and the notification's id."""
    ids = json.loads(payload or b"{}")
    return UUID(ids["practice_id"]), UUID(ids["notification_id"])


def read_id(payload: bytes | None) -> UUID:
    """Return the id of the row that the job is for."""
    return UUID(json.loads(payload or b"{}")["id"])


class _EnqueueDriver:
    """The part of the job library's driver interface that enqueuing uses, in our transaction."""

    def __init__(self, db: AsyncConnection) -> None:
        self._db = db

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await send(self._db, query, args)]
