"""Wakes: the jobs of the job library, enqueued in our transaction, ids only.

A wake has a worker look at a row at an instant. The row says whether anything is to be done then,
so a wake that comes twice, or late, or never (app/outbox/sweeping.py), does no harm.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast
from uuid import UUID

from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import send

SEND_NOTIFICATION = "send_notification"
SEND_REMINDER = "send_reminder"
SEND_WEBHOOK = "send_webhook"

# Among the mails that are no reminders, those that a client waits for go first. Higher is earlier;
# a sign-in link goes before both (app/identity/sign_in/jobs.py).
_TO_CLIENT = 5
_TO_OTHERS = 0

# In SQL, of a row of {table}; it names the wake as `Wake.key` does.
HAS_NO_WAKE = (
    "(SELECT id FROM pgqueuer WHERE status IN ('queued', 'picked') AND dedupe_key ="
    " {table}.id::text || '/' || (extract(epoch FROM {table}.attempt_at) * 1000000)::bigint)"
    " IS NULL"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Wake:
    """Has a worker look at row `id` at the instant `at`. `payload` holds ids only."""

    entrypoint: str
    priority: int
    id: UUID
    payload: Mapping[str, str]
    at: datetime

    @property
    def key(self) -> str:
        """Name the wake: a row has one wake at most for an instant."""
        return f"{self.id}/{(self.at - _EPOCH) // timedelta(microseconds=1)}"


def notification_wake(
    practice_id: UUID, notification_id: UUID, recipient: str, kind: str, at: datetime
) -> Wake:
    """Make the wake for a notification.

    Webhooks have an entrypoint of their own, so that receivers that hang hold up no mail. So have
    reminders, because thousands of them may be due at once and nobody waits for one.
    """
    if recipient == "webhook":
        entrypoint = SEND_WEBHOOK
    else:
        entrypoint = SEND_REMINDER if kind == "reminder" else SEND_NOTIFICATION
    priority = _TO_CLIENT if recipient == "client" else _TO_OTHERS
    payload = {"practice_id": str(practice_id), "notification_id": str(notification_id)}
    return Wake(entrypoint, priority, notification_id, payload, at)


async def queue_wakes(db: AsyncConnection, wakes: Sequence[Wake], now: datetime) -> None:
    """Enqueue all wakes in one statement of the caller's transaction; one that is there is kept.

    The job library counts time by the database's clock: it is told how long to wait from `now`.
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
    """Give the practice's and the notification's id."""
    ids = json.loads(payload or b"{}")
    return UUID(ids["practice_id"]), UUID(ids["notification_id"])


def read_id(payload: bytes | None) -> UUID:
    """Give the id that the job is for."""
    return UUID(json.loads(payload or b"{}")["id"])


class _EnqueueDriver:
    """As much of the job library's driver as enqueuing takes, in our transaction."""

    def __init__(self, db: AsyncConnection) -> None:
        self._db = db

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await send(self._db, query, args)]
