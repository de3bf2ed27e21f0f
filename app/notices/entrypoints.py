"""The entrypoints of the job library: which jobs a worker takes, how many at once, which first."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from pgqueuer.errors import RetryRequested
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from app.auth.delivery import send_sign_in
from app.auth.jobs import SEND_SIGN_IN
from app.notices.delivery import PostOffice, send_notice
from app.notices.errors import NoticeBusyError
from app.notices.jobs import SEND_NOTICE, SEND_REMINDER, SEND_WEBHOOK, read_id, read_payload
from app.notices.marking import MAX_ATTEMPTS
from app.webhooks.delivery import EndpointCrowdedError, WebhookOffice, send_webhook

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=4)
RETRY_FACTOR = 3.0
LAST_WAIT_OF_THE_CROWDED = timedelta(minutes=5)
# A sign-in link is waited for, and nobody waits longer than ten minutes.
LAST_SIGN_IN_RETRY = timedelta(minutes=1)
SIGN_IN_ATTEMPTS = 20

# A job whose worker gave no sign of life for so long is taken over by another.
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
WEBHOOKS_AT_ONCE = 60
MOST_OF_A_BATCH = 5

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
        return min(MOST_OF_A_BATCH, self.picked // 2)


def make_lanes(queries: Queries, office: PostOffice, webhooks: WebhookOffice) -> list[Lane]:
    """Make the lanes of a worker: mails that somebody waits for, reminders, webhooks.

    A slow mail server, or thousands of reminders that are due at once, then hold up neither a
    sign-in link nor a confirmation; and neither holds up an event.
    """
    of_reminders = office.settings.smtp_connections // 2
    of_others = office.settings.smtp_connections - of_reminders
    return [
        _mails(queries, office, of_others),
        _reminders(queries, office, of_reminders),
        _webhooks(queries, webhooks),
    ]


def _mails(queries: Queries, office: PostOffice, at_once: int) -> Lane:
    """Take sign-in links first, then mails to clients, then all others (app/notices/jobs.py)."""
    manager = QueueManager(queries)
    places = asyncio.Semaphore(at_once)
    # Attempts are counted on the notice, which says when it is enough.
    send = _entrypoint(manager, SEND_NOTICE, 2 * MAX_ATTEMPTS, LAST_RETRY)
    send(_notice_handler(office, places))
    # The request says since when it waits.
    send = _entrypoint(manager, SEND_SIGN_IN, SIGN_IN_ATTEMPTS, LAST_SIGN_IN_RETRY)
    send(_sign_in_handler(office, places))
    return _mail_lane(manager, at_once)


def _reminders(queries: Queries, office: PostOffice, at_once: int) -> Lane:
    manager = QueueManager(queries)
    send = _entrypoint(manager, SEND_REMINDER, 2 * MAX_ATTEMPTS, LAST_RETRY)
    send(_notice_handler(office, asyncio.Semaphore(at_once)))
    return _mail_lane(manager, at_once)


def _mail_lane(manager: QueueManager, at_once: int) -> Lane:
    """Pick twice as many as are sent at once, so that no place is idle until the next batch."""
    return Lane(manager, picked=2 * at_once)


def _webhooks(queries: Queries, office: WebhookOffice) -> Lane:
    """Attempts are counted on the notice."""
    manager = QueueManager(queries)
    send = _entrypoint(manager, SEND_WEBHOOK, 2 * MAX_ATTEMPTS, LAST_RETRY)
    send(_webhook_handler(office))
    return Lane(manager, picked=WEBHOOKS_AT_ONCE)


def _entrypoint(
    manager: QueueManager, name: str, attempts: int, last_retry: timedelta
) -> Callable[[Handler], Handler]:
    return manager.entrypoint(
        name,
        accepts_context=False,
        on_failure="hold",
        executor_factory=partial(
            DatabaseRetryEntrypointExecutor,
            max_attempts=attempts,
            initial_delay=FIRST_RETRY,
            max_delay=last_retry,
            backoff_multiplier=RETRY_FACTOR,
        ),
    )


def _webhook_handler(office: WebhookOffice) -> Handler:
    """Make the entrypoint of webhooks. The wait goes by the attempts on the notice.

    A job is also put off where its endpoint is crowded, and that is no attempt.
    """

    async def handle(job: Job) -> None:
        practice_id, notice_id = read_payload(job.payload)
        try:
            marked = await send_webhook(office, practice_id, notice_id)
        except EndpointCrowdedError as crowded:
            wait = wait_of_the_crowded(crowded.failures, job.attempts)
            raise RetryRequested(wait, "EndpointCrowdedError") from None
        if marked.status == "pending":
            raise RetryRequested(wait_after(marked.attempts), "SendingFailedError")

    return handle


def wait_of_the_crowded(failures: int, put_off: int = 0) -> timedelta:
    """Say how long a job is put off whose endpoint is crowded.

    It goes by the endpoint's failures in a row, or by how often the job was put off before. Older
    jobs go first: thousands of them, put off for seconds, would leave no time for others.
    """
    steps = max(1, failures, put_off)
    return min(wait_after(min(steps, MAX_ATTEMPTS)), LAST_WAIT_OF_THE_CROWDED)


def wait_after(attempts: int) -> timedelta:
    """Say how long to wait after so many attempts that failed."""
    return min(FIRST_RETRY * RETRY_FACTOR ** (attempts - 1), LAST_RETRY)


def _notice_handler(office: PostOffice, places: asyncio.Semaphore) -> Handler:
    async def handle(job: Job) -> None:
        practice_id, notice_id = read_payload(job.payload)
        async with places:
            try:
                await send_notice(office, practice_id, notice_id)
            except NoticeBusyError:
                raise RetryRequested(HEARTBEAT_TIMEOUT, "NoticeBusyError") from None

    return handle


def _sign_in_handler(office: PostOffice, places: asyncio.Semaphore) -> Handler:
    async def handle(job: Job) -> None:
        request_id = read_id(job.payload)
        async with places:
            await send_sign_in(office, request_id)

    return handle
