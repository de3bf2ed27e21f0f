"""Sending one event to one endpoint: claim, sign, post, mark (product.md section 6)."""

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from app import __version__
from app.clock import Clock
from app.database.transactions import transact
from app.observability.metrics.counts import count_webhook
from app.observability.tracing.jobs import note_outcome
from app.outbox.claiming import DUE, claim, lease, put_off
from app.outbox.errors import SendingFailedError, describe
from app.outbox.marking import MAX_ATTEMPTS, Marked, mark_failed, mark_finished, wait_after
from app.webhooks.health import record_failure, record_success
from app.webhooks.payload import Event, load_event
from app.webhooks.sending import TIMEOUT_SECONDS, GoneError, WebhookSender

# How many of a worker's places (MAX_WEBHOOKS_AT_ONCE, app/worker/entrypoints.py) one practice, one
# endpoint, and one endpoint that is failing may hold; the rest is left to others.
MAX_POSTS_PER_PRACTICE = 20
MAX_POSTS_PER_ENDPOINT = 6
MAX_POSTS_PER_FAILING_ENDPOINT = 2
MAX_POSTPONEMENT = timedelta(minutes=5)
# The time of a post, and as much again to write down what became of it. After that another worker
# may post the event.
LEASE = timedelta(seconds=2 * TIMEOUT_SECONDS)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WebhookContext:
    """What sending an event takes. `posts_in_progress` counts posts by endpoint and by practice."""

    engine: AsyncEngine
    sender: WebhookSender
    clock: Clock
    posts_in_progress: Counter[UUID] = field(default_factory=Counter)


async def send_webhook(context: WebhookContext, practice_id: UUID, notification_id: UUID) -> Marked:
    """Send one event that is due, or drop it where its endpoint is inactive; else leave it alone.

    No database connection is held while the receiver is waited for: the row is leased for longer
    than a post takes. Where this process dies before it has written down that the event arrived,
    it arrives again, with the same `webhook-id`.

    An attempt that fails sets the instant of the next. An event whose endpoint, or practice, holds
    as many places as it may is put off, and that is no attempt. Nothing is raised: the job library
    would keep the error's text.
    """
    ids = {"practice_id": str(practice_id), "notification_id": str(notification_id)}
    try:
        with ExitStack() as places:
            event = await transact(
                context.engine,
                lambda db: _begin(
                    db, context=context, ids=(practice_id, notification_id), places=places
                ),
            )
            if isinstance(event, Marked):
                note_outcome(event.status)
                return event
            error = await _post(context, event) if event.active else None
        now = context.clock()
        marked = await transact(
            context.engine,
            lambda db: _settle(db, event, practice_id, error=error, now=now),
        )
    except Exception as unexpected:  # noqa: BLE001 - whatever it is, only its kind may be told
        error, marked = SendingFailedError(describe(unexpected)), Marked("pending", 0)
    count_webhook(marked.status)
    told = None if error is None else describe(error)
    note_outcome("delayed" if marked.status == "pending" else marked.status, told)
    log.info(
        "webhook_settled" if marked.status != "pending" else "webhook_delayed",
        status=marked.status,
        error=told,
        **ids,
    )
    return marked


async def _begin(
    db: AsyncConnection, *, context: WebhookContext, ids: tuple[UUID, UUID], places: ExitStack
) -> Event | Marked:
    """Claim the event and a place for it, and lease it; or give why not."""
    # `transact` may run this again.
    places.close()
    now = context.clock()
    claimed = await claim(db, *ids, now)
    event = await load_event(db, *ids) if claimed.found == DUE else None
    if event is None:
        return Marked("gone" if claimed.found == DUE else claimed.found, 0)
    if event.active:
        most = _limits(ids[0], event)
        if any(context.posts_in_progress[holder] >= bound for holder, bound in most.items()):
            wait = postponement(event.failures, claimed.put_off)
            await put_off(db, *ids, now + wait, now)
            return Marked("waiting", 0)
        places.enter_context(_place(context.posts_in_progress, most.keys()))
    await lease(db, *ids, now + LEASE)
    return event


def postponement(failures: int, put_off: int) -> timedelta:
    """Say how long an event waits whose endpoint is crowded.

    It goes by the endpoint's failures in a row, or by how often the event was put off before. Older
    jobs go first: thousands of them, put off for seconds, would leave no time for others.
    """
    steps = max(1, failures, put_off)
    return min(wait_after(min(steps, MAX_ATTEMPTS)), MAX_POSTPONEMENT)


def signed_headers(event: Event, now: datetime) -> dict[str, str]:
    """Sign an event as it goes out at `now`, in the Standard Webhooks way.

    `webhook-id` is the notification's id: the same whenever the same event is sent to the same
    endpoint.
    """
    # The library takes whatever clock time it is given as UTC.
    sent_at = now.astimezone(UTC)
    message_id = str(event.notification_id)
    return {
        "Content-Type": "application/json",
        "User-Agent": f"Reslot/{__version__}",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(sent_at.timestamp())),
        "webhook-signature": Webhook(event.secret).sign(message_id, sent_at, event.body),
    }


def _limits(practice_id: UUID, event: Event) -> dict[UUID, int]:
    """Say how many places the endpoint and its practice may hold."""
    of_endpoint = MAX_POSTS_PER_FAILING_ENDPOINT if event.failures else MAX_POSTS_PER_ENDPOINT
    return {event.endpoint_id: of_endpoint, practice_id: MAX_POSTS_PER_PRACTICE}


@contextmanager
def _place(posts_in_progress: Counter[UUID], holders: Collection[UUID]) -> Iterator[None]:
    posts_in_progress.update(holders)
    try:
        yield
    finally:
        posts_in_progress.subtract(holders)
        for holder in holders:
            if not posts_in_progress[holder]:
                del posts_in_progress[holder]


async def _post(context: WebhookContext, event: Event) -> SendingFailedError | None:
    """Post it, and give what went wrong."""
    try:
        await context.sender.post(
            event.url, event.body.encode(), signed_headers(event, context.clock())
        )
    except SendingFailedError as error:
        return error
    except Exception as error:  # noqa: BLE001 - whatever it is, only its kind may be told
        return SendingFailedError(describe(error))
    return None


async def _settle(
    db: AsyncConnection,
    event: Event,
    practice_id: UUID,
    *,
    error: SendingFailedError | None,
    now: datetime,
) -> Marked:
    """Write down what became of the attempt, on the notification and on the endpoint."""
    if not event.active:
        await mark_finished(db, practice_id, event.notification_id, "dropped", now)
        return Marked("dropped", 0)
    if error is None:
        await mark_finished(db, practice_id, event.notification_id, "sent", now)
        await record_success(db, practice_id, event.endpoint_id)
        return Marked("sent", 0)
    marked = await mark_failed(db, practice_id, event.notification_id, str(error), now)
    await record_failure(
        db,
        practice_id,
        event.endpoint_id,
        str(error),
        now,
        gone=isinstance(error, GoneError),
    )
    return marked or Marked("done", 0)
