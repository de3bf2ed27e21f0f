"""Entrypoints of the job library: which jobs a worker takes, how many at once, in which order.

A job only wakes the worker for a row. The row says whether it is due. A job is finished when its
handler returns, whether or not the attempt succeeded: the row stores attempts and retries.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.jobs import SEND_SIGN_IN
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import TextContext, send_text
from app.outbox.queue import (
    SEND_NOTIFICATION,
    SEND_REMINDER,
    SEND_TEXT,
    SEND_WEBHOOK,
    read_id,
    read_payload,
)
from app.webhooks.delivery import MAX_WEBHOOKS_AT_ONCE, WebhookContext, send_webhook

# After this time without a heartbeat from its worker, a job is taken by another worker.
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
# Twice as many as are posted at once, so that a place that becomes free is taken.
WEBHOOKS_PICKED = 2 * MAX_WEBHOOKS_AT_ONCE
# Text messages that a worker sends at once; each waits for the gateway's answer.
TEXTS_AT_ONCE = 10
# Reminders that a worker holds for each place. The library looks for more ten times a second, so a
# worker sends at most ten times as many reminders a second as it holds.
REMINDERS_PICKED_PER_PLACE = 20
MAX_BATCH_SIZE = 50

Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lane:
    """A queue manager with its own concurrency limit, so that lanes do not delay one another.

    `picked` is how many jobs of the lane a worker holds at once, waiting or running.
    """

    manager: QueueManager
    picked: int

    @property
    def batch(self) -> int:
        """How many jobs one statement picks: at most half of `picked`, as the library requires."""
        return min(MAX_BATCH_SIZE, self.picked // 2)


def make_lanes(
    queries: Queries, context: MailContext, texts: TextContext, webhooks: WebhookContext
) -> list[Lane]:
    """Make the lanes of a worker: immediate mails, reminders, text messages, webhook events.

    Thousands of reminders that are due at once do not delay a sign-in link or a confirmation, and
    mails, text messages and webhook events do not delay one another.
    """
    for_reminders = context.settings.smtp_connections // 2
    for_others = context.settings.smtp_connections - for_reminders
    return [
        _mails(queries, context, for_others),
        _reminders(queries, context, for_reminders),
        _texts(queries, texts),
        _webhooks(queries, webhooks),
    ]


def _mails(queries: Queries, context: MailContext, at_once: int) -> Lane:
    """Order by priority: sign-in links, mails to clients, other mails (app/outbox/queue.py)."""
    manager = QueueManager(queries)
    places = asyncio.Semaphore(at_once)
    _serve(manager, SEND_NOTIFICATION, _notification_handler(manager, context, places))
    _serve(manager, SEND_SIGN_IN, _sign_in_handler(context, places))
    # Twice as many as run at once, so that a finished job has a successor waiting. Not more: a job
    # that is picked waits behind those that were picked before it, whatever its priority.
    return Lane(manager, picked=2 * at_once)


def _reminders(queries: Queries, context: MailContext, at_once: int) -> Lane:
    manager, places = QueueManager(queries), asyncio.Semaphore(at_once)
    _serve(manager, SEND_REMINDER, _notification_handler(manager, context, places))
    return Lane(manager, picked=REMINDERS_PICKED_PER_PLACE * at_once)


def _texts(queries: Queries, context: TextContext) -> Lane:
    """Order by priority: reminders go after the others (app/outbox/queue.py)."""
    manager, places = QueueManager(queries), asyncio.Semaphore(TEXTS_AT_ONCE)

    async def handle(job: Job) -> None:
        async with places:
            await send_text(context, *read_payload(job.payload))

    _serve(manager, SEND_TEXT, handle)
    return Lane(manager, picked=2 * TEXTS_AT_ONCE)


def _webhooks(queries: Queries, context: WebhookContext) -> Lane:
    manager = QueueManager(queries)

    async def handle(job: Job) -> None:
        await send_webhook(context, *read_payload(job.payload))

    _serve(manager, SEND_WEBHOOK, handle)
    return Lane(manager, picked=WEBHOOKS_PICKED)


def _serve(manager: QueueManager, name: str, handler: Handler) -> None:
    manager.entrypoint(name, accepts_context=False)(handler)


def _notification_handler(
    manager: QueueManager, context: MailContext, places: asyncio.Semaphore
) -> Handler:
    async def handle(job: Job) -> None:
        practice_id, notification_id = read_payload(job.payload)
        async with places:
            if manager.shutdown.is_set():
                # Back to the queue, for another worker: a stopping one holds many that wait.
                raise RetryRequested(reason="the worker stops")
            await send_notification(context, practice_id, notification_id)

    return handle


def _sign_in_handler(context: MailContext, places: asyncio.Semaphore) -> Handler:
    async def handle(job: Job) -> None:
        request_id = read_id(job.payload)
        async with places:
            await send_sign_in(context, request_id)

    return handle
