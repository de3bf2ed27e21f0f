"""The worker: takes jobs from the queue and sends their mails, until it is told to stop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial

import structlog
from pgqueuer.db import AsyncpgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.executors import DatabaseRetryEntrypointExecutor
from pgqueuer.models import Job
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries
from sqlalchemy import delete, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.auth.delivery import send_sign_in
from app.auth.jobs import SEND_SIGN_IN
from app.auth.tidying import tidy_sign_ins
from app.clock import Clock
from app.database.engine import connect
from app.database.idempotency import LIFETIME, IdempotencyKey
from app.database.transactions import transact
from app.notices.delivery import PostOffice, send_notice
from app.notices.errors import NoticeBusyError, describe
from app.notices.jobs import (
    SEND_NOTICE,
    SEND_WEBHOOK,
    NoticeJob,
    enqueue,
    read_id,
    read_payload,
)
from app.notices.marking import MAX_ATTEMPTS
from app.notices.senders import make_sender
from app.settings import Settings
from app.webhooks.delivery import EndpointCrowdedError, WebhookOffice, send_webhook
from app.webhooks.sending import make_webhook_sender

FIRST_RETRY = timedelta(seconds=5)
LAST_RETRY = timedelta(hours=4)
RETRY_FACTOR = 3.0
LAST_WAIT_OF_THE_CROWDED = timedelta(minutes=5)
# A sign-in link is waited for, and nobody waits longer than ten minutes.
LAST_SIGN_IN_RETRY = timedelta(minutes=1)
SIGN_IN_ATTEMPTS = 20

# A job whose worker gave no sign of life for so long is taken over by another.
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
POLL = timedelta(seconds=15)
BATCH = 5
# Of one worker. Neither takes a place of the other: a mail server may hang, and so may receivers.
MAILS_AT_ONCE = 20
WEBHOOKS_AT_ONCE = 10
QUERY_TIMEOUT_SECONDS = 10
FIRST_RECONNECT_SECONDS = 1.0
LAST_RECONNECT_SECONDS = 30.0

TIDY_SECONDS = 3600.0
JOB_LOG_KEPT = timedelta(days=7)
STRANDED_AT_ONCE = 1000

Handler = Callable[[Job], Awaitable[None]]
Places = Sequence[tuple[QueueManager, int]]

log = structlog.get_logger()


async def run_worker(
    settings: Settings, engine: AsyncEngine, clock: Clock, stop: asyncio.Event
) -> None:
    """Send notices until `stop` is set; mails under way then are finished first.

    Reconnects by itself when the database goes away. Several workers share the work.

    Raises:
        SettingsError: there is no database URL, or the SMTP URL is bad.
    """
    url = settings.service_url
    office = PostOffice(engine, make_sender(settings), settings, clock)
    webhooks = WebhookOffice(engine, make_webhook_sender(settings), clock)
    if settings.smtp_url is None:
        log.warning("mails_go_to_a_folder", reason="SMTP_URL is not set")
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_keep_serving(url, office, webhooks, stop))
        tasks.create_task(_keep_tidy(engine, clock, stop))


async def tidy(db: AsyncConnection, now: datetime) -> None:
    """Forget old idempotency keys and job logs, and give stranded notices a new job.

    A pending notice can lose its job where a worker is cut off in the act; it is never lost itself.
    """
    await tidy_sign_ins(db, now)
    await db.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at <= now - LIFETIME))
    await db.execute(_OLD_JOB_LOGS, {"kept": JOB_LOG_KEPT})
    rows = (await db.execute(_STRANDED, {"most": STRANDED_AT_ONCE})).all()
    if rows:
        log.warning("notices_stranded", count=len(rows))
        jobs = [
            NoticeJob(row.practice_id, row.id, row.send_at - now, row.recipient) for row in rows
        ]
        await enqueue(db, jobs)


_OLD_JOB_LOGS = text("DELETE FROM pgqueuer_log WHERE created < now() - CAST(:kept AS interval)")
_STRANDED = text(
    "SELECT practice_id, id, send_at, recipient FROM notices WHERE status = 'pending'"
    " AND NOT EXISTS (SELECT FROM pgqueuer WHERE dedupe_key = notices.id::text"
    " AND status IN ('queued', 'picked')) ORDER BY send_at LIMIT :most"
)


class _Driver(AsyncpgDriver):
    """The job library's connection. A database that no longer answers is given up soon."""

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
            return await super().fetch(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
            return await super().execute(query, *args)

    async def notify(self, channel: str, payload: str) -> None:
        async with asyncio.timeout(QUERY_TIMEOUT_SECONDS):
            await super().notify(channel, payload)


async def _keep_serving(
    url: str, office: PostOffice, webhooks: WebhookOffice, stop: asyncio.Event
) -> None:
    """Serve; when the connection is lost, connect again, waiting longer each time it fails."""
    pause = FIRST_RECONNECT_SECONDS
    while not stop.is_set():
        try:
            await _serve(url, office, webhooks, stop)
            pause = FIRST_RECONNECT_SECONDS
        except Exception as error:  # noqa: BLE001 - the worker outlives whatever happens to it
            log.warning("worker_interrupted", error=describe(error), again_in_seconds=pause)
        await _wait(stop, pause)
        pause = min(2 * pause, LAST_RECONNECT_SECONDS)


async def _serve(
    url: str, office: PostOffice, webhooks: WebhookOffice, stop: asyncio.Event
) -> None:
    """Serve on one connection, until it is lost or `stop` is set."""
    connection = await connect(url)
    try:
        queries = Queries(_Driver(connection))
        mails, events = _mail_manager(queries, office), _webhook_manager(queries, webhooks)
        places = [(mails, MAILS_AT_ONCE), (events, WEBHOOKS_AT_ONCE)]
        connection.add_termination_listener(lambda _: _shut_down(places))
        log.info("worker_started")
        await _run(places, stop)
    finally:
        with suppress(Exception):
            await connection.close(timeout=QUERY_TIMEOUT_SECONDS)
        log.info("worker_stopped")


async def _run(places: Places, stop: asyncio.Event) -> None:
    """Run the managers, each with its places; jobs under way come to their end in any case.

    Also when this task is cancelled: the job library deletes a job that is cancelled in the act,
    which would strand its notice.
    """
    running = [
        asyncio.create_task(
            manager.run(
                dequeue_timeout=POLL,
                batch_size=BATCH,
                max_concurrent_tasks=at_once,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                log_aggregation_interval=timedelta(0),
            )
        )
        for manager, at_once in places
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        _shut_down(places)
        stopping.cancel()
        await asyncio.wait(running)
    for task in running:
        task.result()


def _shut_down(places: Places) -> None:
    for manager, _ in places:
        manager.shutdown.set()


def _mail_manager(queries: Queries, office: PostOffice) -> QueueManager:
    """Register the mails. Each holds a connection of the pool; half of it is left."""
    manager = QueueManager(queries)
    places = asyncio.Semaphore(max(1, office.settings.database_pool_size // 2))
    # Attempts are counted on the notice, which says when it is enough.
    send = _entrypoint(manager, SEND_NOTICE, 2 * MAX_ATTEMPTS, LAST_RETRY)
    send(_notice_handler(office, places))
    # The request says since when it waits.
    send = _entrypoint(manager, SEND_SIGN_IN, SIGN_IN_ATTEMPTS, LAST_SIGN_IN_RETRY)
    send(_sign_in_handler(office, places))
    return manager


def _webhook_manager(queries: Queries, office: WebhookOffice) -> QueueManager:
    """Register the webhooks. Attempts are counted on the notice."""
    manager = QueueManager(queries)
    send = _entrypoint(manager, SEND_WEBHOOK, 2 * MAX_ATTEMPTS, LAST_RETRY)
    send(_webhook_handler(office))
    return manager


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
            wait = wait_of_the_crowded(crowded.failures)
            raise RetryRequested(wait, "EndpointCrowdedError") from None
        if marked.status == "pending":
            raise RetryRequested(wait_after(marked.attempts), "SendingFailedError")

    return handle


def wait_of_the_crowded(failures: int) -> timedelta:
    """Say how long what was not even tried is put off, after so many failures of its endpoint.

    Older jobs go first: thousands of them, put off for seconds, would leave no time for others.
    """
    return min(wait_after(min(failures, MAX_ATTEMPTS)), LAST_WAIT_OF_THE_CROWDED)


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


async def _keep_tidy(engine: AsyncEngine, clock: Clock, stop: asyncio.Event) -> None:
    while not stop.is_set():
        try:
            await transact(engine, partial(tidy, now=clock()))
        except Exception as error:  # noqa: BLE001 - tried again in an hour
            log.warning("tidying_failed", error=describe(error))
        await _wait(stop, TIDY_SECONDS)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
