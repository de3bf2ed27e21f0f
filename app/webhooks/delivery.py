"""Sends one event to one endpoint: claim, sign, post, mark (product.md section 6)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from standardwebhooks import Webhook

from app import __version__
from app.clock import Clock
from app.database.sharing import SharedTransactions
from app.observability.metrics.counts import count_webhook
from app.observability.tracing.jobs import note_outcome
from app.outbox.claiming import postpone, take_all, why_not_taken
from app.outbox.errors import SendingFailedError, describe
from app.outbox.marking import (
    MAX_ATTEMPTS,
    End,
    mark_all_finished,
    mark_failed,
    wait_after,
)
from app.webhooks.health import record_failure, record_successes
from app.webhooks.payload import Event, load_events
from app.webhooks.places import CrowdedError, Places
from app.webhooks.sending import TIMEOUT_SECONDS, GoneError, WebhookSender

MAX_WEBHOOKS_AT_ONCE = 60
# Parts of it, so that one slow practice or endpoint does not delay the events of others.
MAX_POSTS_PER_PRACTICE = 20
MAX_POSTS_PER_ENDPOINT = 6
MAX_POSTS_PER_FAILING_ENDPOINT = 2
# How long an event waits for a place before it is postponed: an endpoint that answers fast gets the
# events of a burst one after the other.
PATIENCE_SECONDS = 1.0
MAX_POSTPONEMENT = timedelta(minutes=5)
# The timeout of a post, and the same time again to record its result. After that another worker may
# post the event.
LEASE = timedelta(seconds=2 * TIMEOUT_SECONDS)

# The holder of all places of a worker.
_WORKER = UUID(int=0)

log = structlog.get_logger()


@dataclass(slots=True)
class WebhookContext:
    """Dependencies of sending. An event waits `patience_seconds` for one of the `places`."""

    engine: AsyncEngine
    sender: WebhookSender
    clock: Clock
    places: Places = field(default_factory=Places)
    patience_seconds: float = PATIENCE_SECONDS
    transactions: SharedTransactions = field(init=False)

    def __post_init__(self) -> None:
        self.transactions = SharedTransactions(self.engine)


async def send_webhook(context: WebhookContext, practice_id: UUID, notification_id: UUID) -> str:
    """Send one event that is due, or drop it if its endpoint is inactive; return its status.

    No database connection is held during the post: the row is leased for longer than a post takes.
    If this process stops after the post and before the result is recorded, the event is sent again
    with the same `webhook-id`.

    A failed attempt sets the time of the next attempt. If the endpoint, the practice or the worker
    has reached its limit of concurrent posts and none ends within a second, the event is postponed,
    which does not count as an attempt. An event of a failing endpoint is postponed at once. No
    exception is raised: the job library would store the text of the exception.
    """
    ids = {"practice_id": str(practice_id), "notification_id": str(notification_id)}
    transactions = context.transactions
    try:
        wanted = _Wanted(context, practice_id, notification_id)
        event = await transactions.transact(_begin, wanted)
        if isinstance(event, str):
            note_outcome(event)
            return event
        try:
            error = await _post(context, practice_id, event) if event.active else None
        except CrowdedError:
            await transactions.transact(_postpone, (wanted, event))
            note_outcome("waiting")
            return "waiting"
        attempt = _Attempt(practice_id, event, error, context.clock())
        # A failure, and a success after one, write the endpoint, for which others may wait.
        if error is None and event.failures == 0:
            status = await transactions.transact(_settle, attempt)
        else:
            status = await transactions.transact_alone(_settle, attempt)
    except Exception as unexpected:  # noqa: BLE001 - any error: only its class may be logged
        status, error = "pending", SendingFailedError(describe(unexpected))
    count_webhook(status)
    cause = None if error is None else describe(error)
    note_outcome("delayed" if status == "pending" else status, cause)
    log.info(
        "webhook_delayed" if status == "pending" else "webhook_settled",
        status=status,
        error=cause,
        **ids,
    )
    return status


@dataclass(frozen=True, slots=True)
class _Wanted:
    """An event that a worker was woken for."""

    context: WebhookContext
    practice_id: UUID
    notification_id: UUID

    @property
    def ids(self) -> tuple[UUID, UUID]:
        return self.practice_id, self.notification_id


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What came of an event: posted, refused with `error`, or not posted as it is not active."""

    practice_id: UUID
    event: Event
    error: SendingFailedError | None
    at: datetime


async def _begin(db: AsyncConnection, wanted: Sequence[_Wanted]) -> list[Event | str]:
    """Claim and lease events; of each that is not to be sent, return why."""
    now = wanted[0].context.clock()
    claims = await take_all(db, [one.ids for one in wanted], now, until=now + LEASE)
    taken = [one.ids for one, found in zip(wanted, claims, strict=True) if found is not None]
    events = dict(zip(taken, await load_events(db, taken), strict=True))
    return [
        await why_not_taken(db, *one.ids, now)
        if found is None
        else await _begun(db, one, events[one.ids], found.put_off)
        for one, found in zip(wanted, claims, strict=True)
    ]


async def _begun(
    db: AsyncConnection, wanted: _Wanted, event: Event | None, put_off: int
) -> Event | str:
    if event is None:
        return "gone"
    event = replace(event, put_off=put_off)
    is_failing = event.active and event.failures > 0
    limits = _limits(wanted.practice_id, event)
    if is_failing and not wanted.context.places.has_room(limits):
        await _postpone(db, [(wanted, event)])
        return "waiting"
    return event


async def _postpone(db: AsyncConnection, crowded: Sequence[tuple[_Wanted, Event]]) -> list[None]:
    for wanted, event in crowded:
        now = wanted.context.clock()
        until = now + postponement(event.failures, event.put_off)
        await postpone(db, *wanted.ids, until, now)
    return [None] * len(crowded)


def postponement(failures: int, put_off: int) -> timedelta:
    """Return how long an event waits whose endpoint has reached its limit of concurrent posts.

    The wait grows with the endpoint's consecutive failures and with the event's previous
    postponements. The queue takes the oldest jobs first: with a short constant wait, thousands of
    postponed events would leave no time for others.
    """
    steps = max(1, failures, put_off)
    return min(wait_after(min(steps, MAX_ATTEMPTS)), MAX_POSTPONEMENT)


def signed_headers(event: Event, now: datetime) -> dict[str, str]:
    """Sign an event that is sent at `now`, as Standard Webhooks specifies.

    `webhook-id` is the notification's id: the same for all attempts to send an event to an
    endpoint.
    """
    # The library ignores the time zone and reads the time as UTC.
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
    """Return the limits of concurrent posts by holder: the endpoint, the practice, the worker."""
    of_endpoint = MAX_POSTS_PER_FAILING_ENDPOINT if event.failures else MAX_POSTS_PER_ENDPOINT
    return {
        event.endpoint_id: of_endpoint,
        practice_id: MAX_POSTS_PER_PRACTICE,
        _WORKER: MAX_WEBHOOKS_AT_ONCE,
    }


async def _post(
    context: WebhookContext, practice_id: UUID, event: Event
) -> SendingFailedError | None:
    """Post the event; return the error if it was not delivered.

    Raises:
        CrowdedError: there was no place for it in time.
    """
    patience = 0.0 if event.failures else context.patience_seconds
    async with context.places.place(_limits(practice_id, event), patience):
        return await _try_to_post(context, event)


async def _try_to_post(context: WebhookContext, event: Event) -> SendingFailedError | None:
    try:
        await context.sender.post(
            event.url, event.body.encode(), signed_headers(event, context.clock())
        )
    except SendingFailedError as error:
        return error
    except Exception as error:  # noqa: BLE001 - any error: only its class may be logged
        return SendingFailedError(describe(error))
    return None


async def _settle(db: AsyncConnection, attempts: Sequence[_Attempt]) -> list[str]:
    """Record the results of attempts on the notifications and on their endpoints."""
    finished = [one for one in attempts if one.error is None]
    await mark_all_finished(
        db, [(one.practice_id, one.event.notification_id, _end(one), one.at) for one in finished]
    )
    await record_successes(
        db,
        {
            (one.practice_id, one.event.endpoint_id, one.event.url)
            for one in finished
            if one.event.active
        },
    )
    return [
        _end(one) if one.error is None else await _settle_failure(db, one, one.error)
        for one in attempts
    ]


def _end(attempt: _Attempt) -> End:
    return "sent" if attempt.event.active else "dropped"


async def _settle_failure(db: AsyncConnection, attempt: _Attempt, error: SendingFailedError) -> str:
    practice_id, event, now = attempt.practice_id, attempt.event, attempt.at
    status = await mark_failed(db, practice_id, event.notification_id, error, now)
    await record_failure(
        db,
        practice_id,
        event.endpoint_id,
        str(error),
        now,
        url=event.url,
        gone=isinstance(error, GoneError),
    )
    return status
