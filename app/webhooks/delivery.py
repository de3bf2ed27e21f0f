"""Sending one event to one endpoint: read, sign, post, mark (product.md section 6)."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from app import __version__
from app.clock import Clock
from app.database.transactions import transact
from app.metrics.counts import count_webhook
from app.notices.errors import NoticeBusyError, SendingFailedError, describe
from app.notices.marking import Marked, mark_failed, mark_finished
from app.tracing.jobs import note_outcome
from app.webhooks.health import note_failure, note_success
from app.webhooks.payload import Event, load_event
from app.webhooks.sending import GoneError, WebhookSender

# How many of a worker's places (WEBHOOKS_AT_ONCE in app/notices/entrypoints.py) one practice, one
# endpoint, and one endpoint that is failing may hold; the rest is left to others.
PLACES_OF_A_PRACTICE = 20
PLACES_OF_AN_ENDPOINT = 6
PLACES_OF_A_FAILING_ENDPOINT = 2

log = structlog.get_logger()


class EndpointCrowdedError(NoticeBusyError):
    """The endpoint, or its practice, holds as many places as it may. `failures`: in a row."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures


@dataclass(frozen=True, slots=True)
class WebhookOffice:
    """What sending an event takes. `under_way` counts posts by endpoint and by practice."""

    engine: AsyncEngine
    sender: WebhookSender
    clock: Clock
    under_way: Counter[UUID] = field(default_factory=Counter)


async def send_webhook(office: WebhookOffice, practice_id: UUID, notice_id: UUID) -> Marked:
    """Send one event, or drop it where its endpoint is inactive. One that is done is left alone.

    No database connection is held while the receiver is waited for, so no row is locked either:
    that only one worker has a notice at a time is the job's doing. Where that fails, or this
    process dies before it has written down that the event arrived, it arrives again, with the same
    `webhook-id`.

    Raises:
        EndpointCrowdedError: its endpoint, or its practice, holds as many places as it may.
    """
    event = await transact(
        office.engine, partial(load_event, practice_id=practice_id, notice_id=notice_id)
    )
    if event is None:
        return Marked("gone", 0)
    if event.status != "pending":
        return Marked(event.status, 0)
    if event.active:
        with _place(office.under_way, practice_id, event):
            error = await _post(office, event)
    else:
        error = None
    settle = partial(_settle, event=event, practice_id=practice_id, error=error, now=office.clock())
    marked = await transact(office.engine, settle)
    count_webhook(marked.status)
    told = None if error is None else describe(error)
    note_outcome("delayed" if marked.status == "pending" else marked.status, told)
    log.info(
        "webhook_settled" if marked.status != "pending" else "webhook_delayed",
        status=marked.status,
        error=told,
        practice_id=str(practice_id),
        notice_id=str(notice_id),
        endpoint_id=str(event.endpoint_id),
    )
    return marked


def signed_headers(event: Event, now: datetime) -> dict[str, str]:
    """Sign an event as it goes out at `now`, in the Standard Webhooks way.

    `webhook-id` is the notice's id: the same each time the same event is sent to the same endpoint.
    """
    # The library takes whatever clock time it is given as UTC.
    sent_at = now.astimezone(UTC)
    message_id = str(event.notice_id)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Reslot/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(event.secret).sign(message_id, sent_at, event.body),
    }


@contextmanager
def _place(under_way: Counter[UUID], practice_id: UUID, event: Event) -> Iterator[None]:
    places = PLACES_OF_A_FAILING_ENDPOINT if event.failures else PLACES_OF_AN_ENDPOINT
    most = {event.endpoint_id: places, practice_id: PLACES_OF_A_PRACTICE}
    if any(under_way[holder] >= bound for holder, bound in most.items()):
        raise EndpointCrowdedError(event.failures)
    under_way.update(most.keys())
    try:
        yield
    finally:
        under_way.subtract(most.keys())
        for holder in most:
            if not under_way[holder]:
                del under_way[holder]


async def _post(office: WebhookOffice, event: Event) -> SendingFailedError | None:
    """Post it, and give what went wrong."""
    try:
        await office.sender.post(
            event.url, event.body.encode(), signed_headers(event, office.clock())
        )
    except SendingFailedError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, only its kind may be told
        return SendingFailedError(describe(error))
    return None


async def _settle(
    db: AsyncConnection,
    *,
    event: Event,
    practice_id: UUID,
    error: SendingFailedError | None,
    now: datetime,
) -> Marked:
    """Write down what became of the attempt, on the notice and on the endpoint."""
    if not event.active:
        await mark_finished(db, practice_id, event.notice_id, "dropped", now)
        return Marked("dropped", 0)
    if error is None:
        await mark_finished(db, practice_id, event.notice_id, "sent", now)
        await note_success(db, practice_id, event.endpoint_id)
        return Marked("sent", 0)
    marked = await mark_failed(db, practice_id, event.notice_id, str(error), now)
    await note_failure(
        db,
        practice_id,
        event.endpoint_id,
        str(error),
        now,
        gone=isinstance(error, GoneError),
    )
    return marked or Marked("done", 0)
