"""Runs the worker: takes jobs from the queue and sends mails and webhook events."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import structlog
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.clock import Clock
from app.configuration.settings import Settings
from app.database.engine import HAS_CITUS, connect
from app.database.transactions import allow_long_statements, prefer_indexes, transact
from app.erasure.retention import delete_what_is_old
from app.fees.announcing import announce_fees
from app.fees.lapsing import lapse_waivers
from app.fees.refilling import judge_due_refills
from app.groups.judging import judge_due_groups
from app.identity.short_links.repository import delete_links_until
from app.identity.sign_in.cleanup import sweep_sign_ins, tidy_sign_ins
from app.mail.context import MailContext
from app.mail.senders import Sender, make_sender
from app.move_requests.closing import close_due_requests
from app.notifications.sms.delivery import TextContext
from app.outbox.errors import describe
from app.outbox.sweeping import sweep_notifications
from app.sms.senders import make_text_sender
from app.waitlist.tasks import run_waitlists
from app.web.idempotency import LIFETIME
from app.web.idempotency_repository import delete_answers_until
from app.webhooks.delivery import WebhookContext
from app.webhooks.sending import make_webhook_sender
from app.worker.entrypoints import HEARTBEAT_TIMEOUT, Lane, make_lanes
from app.worker.repository import delete_job_logs

POLL = timedelta(seconds=15)
# On a cluster nothing wakes a worker, so it looks more often (docs/decisions/0049-distribution.md).
CLUSTER_POLL = timedelta(seconds=1)
# Connections of the worker's pool in addition to one for each mail that is being sent.
EXTRA_CONNECTIONS = 6
QUERY_TIMEOUT_SECONDS = 10
# When the worker stops, or reconnects, mail servers that check a content have this time to answer.
ANSWER_SECONDS_AT_STOP = 10.0
FIRST_RECONNECT_SECONDS = 1.0
LAST_RECONNECT_SECONDS = 30.0

TIDY_SECONDS = 3600.0
JOB_LOG_KEPT = timedelta(days=7)
SWEEP_SECONDS = 15.0
JUDGE_SECONDS = 30.0
CLOSE_SECONDS = 60.0
WAITLIST_SECONDS = 15.0
ANNOUNCE_SECONDS = 60.0
LAPSE_SECONDS = 60.0
REFILL_SECONDS = 60.0
RETENTION_SECONDS = 3600.0

# A task of the worker, run with the present instant.
RepeatedTask = Callable[[datetime], Awaitable[None]]

log = structlog.get_logger()


async def run_worker(
    settings: Settings, engine: AsyncEngine, clock: Clock, stop: asyncio.Event
) -> None:
    """Send notifications until `stop` is set, then finish the jobs that are running.

    The worker reconnects when the database connection is lost. Several workers share the jobs. Each
    mail that is being sent holds a connection of `engine`, whose size must be `worker_pool_size`.

    Raises:
        SettingsError: there is no database URL, or the SMTP URL is not valid.
    """
    url = settings.service_url
    context = MailContext(engine, make_sender(settings), settings, clock)
    texts = TextContext(engine, make_text_sender(settings, clock), settings, clock)
    webhooks = WebhookContext(engine, make_webhook_sender(settings), clock)

    def lanes_of(queries: Queries) -> list[Lane]:
        return make_lanes(queries, context, texts, webhooks)

    if settings.smtp_url is None:
        log.warning("mails_go_to_a_folder", reason="SMTP_URL is not set")
    if settings.lacks_public_url:
        log.warning(
            "links_lead_to_this_machine", reason="PUBLIC_URL is not set, or is this machine"
        )
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(_keep_serving(url, lanes_of, context.sender, stop))
            for task, seconds in repeated_tasks(settings, engine).items():
                tasks.create_task(_keep_doing(task, seconds, clock, stop))
    finally:
        await context.sender.close()
        await texts.sender.close()
        await webhooks.sender.close()


def worker_pool_size(settings: Settings) -> int:
    """Return how many connections a worker's pool needs."""
    return settings.smtp_connections + EXTRA_CONNECTIONS


async def tidy(db: AsyncConnection, now: datetime, *, links: timedelta) -> None:
    """Delete what is of no use any more: idempotency keys, sign-ins, short links and job logs.

    `links`: how long a link opens a session after its end.
    """
    await allow_long_statements(db)
    await tidy_sign_ins(db, now)
    await delete_answers_until(db, now - LIFETIME)
    await delete_links_until(db, now - links)
    await delete_job_logs(db, JOB_LOG_KEPT)


async def sweep(db: AsyncConnection, now: datetime) -> None:
    """Queue a job for every row that is due and has none.

    A job can be lost, for example when a worker cannot reach the database to reschedule it. The
    row is never lost.
    """
    # The server caches the plan when there are few jobs; the plan must also suit a backlog.
    await prefer_indexes(db)
    await sweep_sign_ins(db, now)
    await sweep_notifications(db, now)


class _Driver(AsyncpgDriver):
    """The job library's connection, with a timeout for each query."""

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
    url: str, lanes_of: Callable[[Queries], list[Lane]], sender: Sender, stop: asyncio.Event
) -> None:
    """Serve, and reconnect with exponential backoff when the connection is lost."""
    pause = FIRST_RECONNECT_SECONDS
    while not stop.is_set():
        try:
            await _serve(url, lanes_of, sender, stop)
            pause = FIRST_RECONNECT_SECONDS
            if not stop.is_set():
                error = "the connection was lost"
                log.warning("worker_interrupted", error=error, again_in_seconds=pause)
        except Exception as error:  # noqa: BLE001 - the worker must survive any error
            log.warning("worker_interrupted", error=describe(error), again_in_seconds=pause)
        await _wait(stop, pause)
        pause = min(2 * pause, LAST_RECONNECT_SECONDS)


async def _serve(
    url: str, lanes_of: Callable[[Queries], list[Lane]], sender: Sender, stop: asyncio.Event
) -> None:
    """Serve on one connection until it is lost or `stop` is set."""
    connection = await connect(url)
    try:
        queries = Queries(_Driver(connection))
        lanes = lanes_of(queries)
        connection.add_termination_listener(lambda _: _shut_down(lanes))
        log.info("worker_started")
        in_cluster = await connection.fetchval(f"SELECT {HAS_CITUS}")
        await _run(lanes, sender, CLUSTER_POLL if in_cluster else POLL, stop)
    finally:
        with suppress(Exception):
            await connection.close(timeout=QUERY_TIMEOUT_SECONDS)
        log.info("worker_stopped")


async def _run(lanes: Sequence[Lane], sender: Sender, poll: timedelta, stop: asyncio.Event) -> None:
    """Run the lanes until `stop` is set or one ends, and wait for the jobs that are running.

    The wait also happens when this task is cancelled: the job library deletes a job that is
    cancelled while it runs, and its notification would wait for the sweep. So mail servers have
    less time to answer then.
    """
    sender.limit_answers(None)
    running = [
        asyncio.create_task(
            lane.manager.run(
                dequeue_timeout=poll,
                batch_size=lane.batch,
                max_concurrent_tasks=lane.picked,
                shutdown_on_listener_failure=True,
                heartbeat_timeout=HEARTBEAT_TIMEOUT,
                log_aggregation_interval=timedelta(0),
            )
        )
        for lane in lanes
    ]
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        _shut_down(lanes)
        sender.limit_answers(ANSWER_SECONDS_AT_STOP)
        stopping.cancel()
        await asyncio.wait(running)
        # Fetched from each task: asyncio logs those that nobody has fetched.
        failures = [failure for task in running if (failure := task.exception())]
    if failures:
        raise failures[0]


def _shut_down(lanes: Sequence[Lane]) -> None:
    for lane in lanes:
        lane.manager.shutdown.set()


def repeated_tasks(settings: Settings, engine: AsyncEngine) -> dict[RepeatedTask, float]:
    """Give the tasks that a worker repeats, with the seconds between two runs."""

    async def sweeping(now: datetime) -> None:
        await transact(engine, lambda db: sweep(db, now))

    async def tidying(now: datetime) -> None:
        links = timedelta(days=settings.link_days)
        await transact(engine, lambda db: tidy(db, now, links=links))

    async def judging(now: datetime) -> None:
        await judge_due_groups(engine, now, credit_grace=settings.credit_grace)

    async def refilling(now: datetime) -> None:
        await judge_due_refills(engine, now, credit_grace=settings.credit_grace)

    async def announcing(now: datetime) -> None:
        await announce_fees(engine, now)

    async def lapsing(now: datetime) -> None:
        await lapse_waivers(engine, now)

    async def closing(now: datetime) -> None:
        await close_due_requests(engine, now)

    async def waiting(now: datetime) -> None:
        await run_waitlists(engine, now, undo=settings.undo_window)

    async def forgetting(now: datetime) -> None:
        await delete_what_is_old(engine, settings, now)

    return {
        sweeping: SWEEP_SECONDS,
        tidying: TIDY_SECONDS,
        judging: JUDGE_SECONDS,
        closing: CLOSE_SECONDS,
        waiting: WAITLIST_SECONDS,
        announcing: ANNOUNCE_SECONDS,
        lapsing: LAPSE_SECONDS,
        refilling: REFILL_SECONDS,
        forgetting: RETENTION_SECONDS,
    }


async def _keep_doing(
    task: RepeatedTask, seconds: float, clock: Clock, stop: asyncio.Event
) -> None:
    while not stop.is_set():
        try:
            await task(clock())
        except Exception as error:  # noqa: BLE001 - the next run tries again
            log.warning("tidying_failed", task=task.__name__, error=describe(error))
        await _wait(stop, seconds)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
