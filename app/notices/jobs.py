"""The jobs that the job library keeps for notices: enqueued in our transaction, ids only."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast
from uuid import UUID

from pgqueuer.ports.driver import Driver
from pgqueuer.queries import Queries
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.reading import send

SEND_NOTICE = "send_notice"
SEND_REMINDER = "send_reminder"
SEND_WEBHOOK = "send_webhook"

# Among the mails that are no reminders, those that a client waits for go first. Higher is earlier;
# a sign-in link goes before both (app/auth/jobs.py).
_TO_CLIENT = 5
_TO_OTHERS = 0


@dataclass(frozen=True, slots=True)
class NoticeJob:
    """Sends one notice, `delay` after the transaction that enqueues it.

    Webhooks have an entrypoint of their own, so that receivers that hang hold up no mail; so have
    reminders, because thousands of them may be due at once and nobody waits for one.
    """

    practice_id: UUID
    notice_id: UUID
    delay: timedelta
    recipient: str
    kind: str

    @property
    def entrypoint(self) -> str:
        """Give the entrypoint that sends it."""
        if self.recipient == "webhook":
            return SEND_WEBHOOK
        return SEND_REMINDER if self.kind == "reminder" else SEND_NOTICE

    @property
    def priority(self) -> int:
        """Give its priority among the jobs of its entrypoint."""
        return _TO_CLIENT if self.recipient == "client" else _TO_OTHERS


class _EnqueueDriver:
    """As much of the job library's driver as enqueuing takes, in our transaction."""

    def __init__(self, db: AsyncConnection) -> None:
        self._db = db

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await send(self._db, query, args)]


async def enqueue(db: AsyncConnection, jobs: Sequence[NoticeJob]) -> None:
    """Enqueue all jobs in one statement of the caller's transaction.

    A notice has at most one job that waits or is under way: its id is the job's dedupe key, and
    where there is one already no other is added.
    """
    await Queries(cast("Driver", _EnqueueDriver(db))).enqueue(
        [job.entrypoint for job in jobs],
        [_payload(job) for job in jobs],
        [job.priority for job in jobs],
        [max(job.delay, timedelta(0)) for job in jobs],
        [str(job.notice_id) for job in jobs],
        on_conflict="skip",
    )


async def hurry(db: AsyncConnection, job: NoticeJob) -> None:
    """See to it that a notice is tried at once, and waits little before it is tried again.

    A job that waits makes room for a new one, which wakes the workers; one under way is left alone.
    """
    waiting = text("DELETE FROM pgqueuer WHERE dedupe_key = :key AND status = 'queued'")
    await db.execute(waiting, {"key": str(job.notice_id)})
    await enqueue(db, [job])


def read_payload(payload: bytes | None) -> tuple[UUID, UUID]:
    """Give the practice's and the notice's id."""
    ids = json.loads(payload or b"{}")
    return UUID(ids["practice_id"]), UUID(ids["notice_id"])


def _payload(job: NoticeJob) -> bytes:
    ids = {"practice_id": str(job.practice_id), "notice_id": str(job.notice_id)}
    return json.dumps(ids).encode()


async def enqueue_by_id(
    db: AsyncConnection, entrypoint: str, ids: Sequence[UUID], *, priority: int = 0
) -> None:
    """Enqueue a job for each id, due at once; an id has at most one that waits or is under way."""
    if not ids:
        return
    count = len(ids)
    await Queries(cast("Driver", _EnqueueDriver(db))).enqueue(
        [entrypoint] * count,
        [json.dumps({"id": str(id_)}).encode() for id_ in ids],
        [priority] * count,
        [timedelta(0)] * count,
        [str(id_) for id_ in ids],
        on_conflict="skip",
    )


def read_id(payload: bytes | None) -> UUID:
    """Give the id that the job is for."""
    return UUID(json.loads(payload or b"{}")["id"])
