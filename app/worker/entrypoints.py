"""The entrypoints of the job library: which jobs a worker takes, how many at once, which first.

The library only wakes. What a wake is for, and whether it is due, is read from the row; a job ends
when its wake is over, whatever came of it.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.jobs import SEND_SIGN_IN
from app.mail.context import MailContext
from app.notifications.delivery import send_notification
from app.outbox.queue import SEND_NOTIFICATION, SEND_REMINDER, SEND_WEBHOOK, read_id, read_payload
from app.webhooks.delivery import WebhookContext, send_webhook

# The wake of a worker that gave no sign of life for so long goes to another worker.
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
MAX_WEBHOOKS_AT_ONCE = 60
MAX_BATCH_SIZE = 5

Handler = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Lane:
    """Jobs that share places of one worker, and take no place of another lane.

    `picked` is how many jobs of the lane a worker holds at once, waiting for a place or in one.
    """

    manager: QueueManager
    picked: int

    @property
    def batch(self) -> int:
        """Give how many jobs are picked by one statement: the job library wants half at most."""
        return min(MAX_BATCH_SIZE, self.picked // 2)


def make_lanes(queries: Queries, context: MailContext, webhooks: WebhookContext) -> list[Lane]:
    """Make the lanes of a worker: mails that somebody waits for, reminders, webhooks.

    A slow mail server, or thousands of reminders that are due at once, then hold up neither a
    sign-in link nor a confirmation; and neither holds up an event.
    """
    of_reminders = context.settings.smtp_connections // 2
    of_others = context.settings.smtp_connections - of_reminders
    return [
        _mails(queries, context, of_others),
        _reminders(queries, context, of_reminders),
        _webhooks(queries, webhooks),
    ]


def _mails(queries: Queries, context: MailContext, at_once: int) -> Lane:
    """Take sign-in links first, then mails to clients, then all others (app/outbox/queue.py)."""
    manager = QueueManager(queries)
    places = asyncio.Semaphore(at_once)
    _serve(manager, SEND_NOTIFICATION, _notification_handler(context, places))
    _serve(manager, SEND_SIGN_IN, _sign_in_handler(context, places))
    return _mail_lane(manager, at_once)


def _reminders(queries: Queries, context: MailContext, at_once: int) -> Lane:
    manager = QueueManager(queries)
    _serve(manager, SEND_REMINDER, _notification_handler(context, asyncio.Semaphore(at_once)))
    return _mail_lane(manager, at_once)


def _mail_lane(manager: QueueManager, at_once: int) -> Lane:
    """Pick twice as many as are sent at once, so that no place is idle until the next batch."""
    return Lane(manager, picked=2 * at_once)


def _webhooks(queries: Queries, context: WebhookContext) -> Lane:
    manager = QueueManager(queries)

    async def handle(job: Job) -> None:
        await send_webhook(context, *read_payload(job.payload))

    _serve(manager, SEND_WEBHOOK, handle)
    return Lane(manager, picked=MAX_WEBHOOKS_AT_ONCE)


def _serve(manager: QueueManager, name: str, handler: Handler) -> None:
    manager.entrypoint(name, accepts_context=False)(handler)


def _notification_handler(context: MailContext, places: asyncio.Semaphore) -> Handler:
    async def handle(job: Job) -> None:
        practice_id, notification_id = read_payload(job.payload)
        async with places:
            await send_notification(context, practice_id, notification_id)

    return handle


def _sign_in_handler(context: MailContext, places: asyncio.Semaphore) -> Handler:
    async def handle(job: Job) -> None:
        request_id = read_id(job.payload)
        async with places:
            await send_sign_in(context, request_id)

    return handle
