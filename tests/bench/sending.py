"""Measures what workers send: thousands of mails or events that are all due, against a floor.

The worker runs as an operator runs it, in one process or in two. The floor is a loop that reads,
renders and sends the same (tests/bench/sending_floor.py). Both send to one process, which accepts
at once and counts (tests/bench/receiving.py).
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Literal

import asyncpg

from app.configuration.settings import Settings
from app.database.embedded import OWNER, SERVICE, EmbeddedServer, ensure_database
from app.database.engine import brief_engine
from app.database.migrations import migrate
from app.database.transactions import transact
from app.outbox.queue import notification_wake, queue_wakes
from app.webhooks.delivery import MAX_POSTS_PER_ENDPOINT, MAX_WEBHOOKS_AT_ONCE
from tests.bench.data import fill
from tests.bench.load import Measured
from tests.bench.memory import resident
from tests.bench.receiving import Received, Receiver, What, receiving
from tests.bench.sending_floor import run_floor
from tests.bench.subjects import KEY, Subject, booked_sessions
from tests.bench.verdict import Verdict
from tests.drills.service import Service
from tests.patience import until

MAILS = 20_000
DATABASE = "bench_sending"
# In each window of a pair.
FEW = 2_000
PAIRS = 3
PRACTICES = 20
ENDPOINTS = 1_000
REQUESTS = 1_000
PATIENCE_SECONDS = 900
# Long, because this process also sends the requests whose time is measured.
PAUSE_SECONDS = 0.5
CHUNK = 1_000

Kind = Literal["reminders", "one endpoint", "a thousand endpoints"]

_REMINDERS = """
    UPDATE notifications
       SET status = 'pending', attempts = 0, put_off = 0, last_error = NULL, finished_at = NULL,
           leased_until = NULL, send_at = now() - interval '1 minute',
           attempt_at = now() - interval '1 minute'
     WHERE kind = 'reminder'
       AND id IN (SELECT id FROM notifications WHERE kind = 'reminder' ORDER BY id LIMIT $1)
"""
_ENDPOINT = """
    INSERT INTO webhook_endpoints (practice_id, id, url, events, secret, active, failures)
    SELECT practice_id, gen_random_uuid(), $1 || '/' || n, '{}',
           'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', true, 0
      FROM practices, generate_series(1, $2::int) AS n
"""
# Each practice's events are spread over its endpoints; with one endpoint all are of its practice.
_EVENTS = """
    INSERT INTO notifications (practice_id, id, session_id, change_id, endpoint_id, kind, recipient,
                               channel, starts_at, send_at, attempt_at, put_off, status, attempts)
    SELECT made.practice_id, gen_random_uuid(), made.session_id, made.id, endpoints.id,
           'session.booked', 'webhook', 'webhook', made.starts_at, now() - interval '1 minute',
           now() - interval '1 minute', 0, 'pending', 0
      FROM (SELECT *, row_number() OVER (PARTITION BY practice_id ORDER BY id) AS number
              FROM changes) AS made
      JOIN (SELECT *, row_number() OVER (PARTITION BY practice_id ORDER BY id) AS number,
                   count(*) OVER (PARTITION BY practice_id) AS of
              FROM webhook_endpoints) AS endpoints
        ON endpoints.practice_id = made.practice_id
       AND endpoints.number = made.number % endpoints.of + 1
      CROSS JOIN generate_series(1, $2::int)
     ORDER BY made.number LIMIT $1
"""
_DUE = """
    SELECT practice_id, id, channel, recipient, kind, attempt_at FROM notifications
     WHERE status = 'pending' AND attempt_at < now() ORDER BY random()
"""


@dataclass(frozen=True, slots=True)
class Worked:
    """One window: what arrived, and the memory of one worker's process."""

    received: Received
    memory: tuple[int, ...] = ()


class Sending:
    """A database of sessions with reminders and events, workers, and the floor."""

    def __init__(self, server: EmbeddedServer, folder: Path, receiver: Receiver) -> None:
        self._server = server
        self._folder = folder
        self._receiver = receiver
        self._made = 0

    @property
    def url(self) -> str:
        """The address of the database for the service."""
        return self._server.url(SERVICE, DATABASE)

    async def prepare(self, kind: Kind, count: int) -> None:
        """Make `count` mails or events due, each with its wake, and nothing else."""
        db = await asyncpg.connect(self._server.url("postgres", DATABASE))
        await db.execute("TRUNCATE pgqueuer, pgqueuer_log")
        await db.execute("DELETE FROM notifications WHERE recipient = 'webhook'")
        await db.execute("UPDATE notifications SET status = 'dropped' WHERE kind = 'reminder'")
        await db.execute("DELETE FROM webhook_endpoints")
        if kind == "reminders":
            await db.execute(_REMINDERS, count)
        else:
            many = kind == "a thousand endpoints"
            each = ENDPOINTS // PRACTICES if many else 1
            await db.execute(_ENDPOINT, self._receiver.url, each)
            if not many:
                await db.execute(
                    "DELETE FROM webhook_endpoints WHERE practice_id <>"
                    " (SELECT min(practice_id::text)::uuid FROM practices)"
                )
            await db.execute(_EVENTS, count, 1 if many else count // 1_000 + 1)
        due = await db.fetch(_DUE)
        assert len(due) == count, f"{len(due)} of {count} can be sent"
        now = datetime.now(UTC)  # noqa: TID251 - real workers send
        async with brief_engine(self.url) as engine:
            for start in range(0, count, CHUNK):
                wakes = [notification_wake(*row) for row in due[start : start + CHUNK]]
                await transact(engine, partial(queue_wakes, wakes=wakes, now=now))
        await db.execute("VACUUM ANALYZE notifications, pgqueuer, pgqueuer_log")
        await db.close()
        await self._receiver.forget(_what(kind))

    async def floor(self, kind: Kind, processes: int) -> Received:
        """Let the floor send all, in this number of processes."""
        connections = _connections(kind)
        await asyncio.gather(
            *(
                run_floor(
                    url=self.url,
                    smtp_url=self._receiver.smtp_url,
                    key=KEY,
                    kind=_what(kind),
                    connections=connections,
                    part=part,
                    parts=processes,
                )
                for part in range(processes)
            )
        )
        return await self._receiver.received(_what(kind))

    async def workers(self, kind: Kind, count: int, processes: int) -> Worked:
        """Let workers send all, in this number of processes."""
        memory: list[int] = []
        workers = [self._worker() for _ in range(processes)]
        try:
            await asyncio.gather(*(worker.start_worker() for worker in workers))
            for share in (0.05, 0.5, 1):
                await self._wait_for(kind, round(share * count))
                memory.append(resident([workers[0].worker_pid]))
        finally:
            await asyncio.gather(*(worker.stop() for worker in workers))
        received = await self._receiver.received(_what(kind))
        # Each exactly once.
        assert received.count == received.distinct == count, received
        await self._all_are_marked()
        return Worked(received, tuple(memory))

    def _worker(self) -> Service:
        self._made += 1
        folder = self._folder / f"worker-{self._made}"
        folder.mkdir()
        environment = {
            "DATABASE_URL": self.url,
            "SECRET_KEYS": KEY,
            "SMTP_URL": self._receiver.smtp_url,
            "WEBHOOK_INSECURE_TARGETS": "true",
        }
        return Service(environment, folder)

    async def _wait_for(self, kind: Kind, count: int) -> None:
        async def arrived() -> bool:
            return (await self._receiver.received(_what(kind))).count >= count

        await until(arrived, PATIENCE_SECONDS, PAUSE_SECONDS)

    @asynccontextmanager
    async def served(self) -> AsyncIterator[Subject]:
        """Run server processes on the database for the duration of the block."""
        folder = self._folder / "served"
        folder.mkdir()
        service = Service({"DATABASE_URL": self.url, "SECRET_KEYS": KEY}, folder)
        try:
            await service.start()
            sessions = await booked_sessions(self._server.url("postgres", DATABASE))
            yield Subject(service.port, sessions)
        finally:
            await service.stop()

    async def _all_are_marked(self) -> None:
        db = await asyncpg.connect(self.url)
        left = await db.fetchval("SELECT count(*) FROM notifications WHERE status = 'pending'")
        await db.close()
        assert left == 0, f"{left} are not marked"


def _what(kind: Kind) -> What:
    return "mails" if kind == "reminders" else "events"


def _connections(kind: Kind) -> int:
    """Return over how many connections a worker sends: the floor uses as many."""
    if kind == "reminders":
        of_worker: int = Settings.model_fields["smtp_connections"].default
        return of_worker // 2
    return MAX_POSTS_PER_ENDPOINT if kind == "one endpoint" else MAX_WEBHOOKS_AT_ONCE


async def sending(server: EmbeddedServer, folder: Path, count: int) -> AsyncIterator[Verdict]:
    """Measure with one process and with two; then send `count` mails while clients read."""
    await ensure_database(server, DATABASE)
    await migrate(server.url(OWNER, DATABASE), SERVICE)
    today = datetime.now(UTC).date()  # noqa: TID251 - real workers send
    await fill(server.url("postgres", DATABASE), PRACTICES * 1_000, today, most_past=0)
    async with receiving() as receiver:
        made = Sending(server, folder, receiver)
        few = min(count, FEW)
        kinds: list[Kind] = ["reminders", "one endpoint", "a thousand endpoints"]
        for kind in kinds:
            for processes in (1, 2):
                yield await _compared(made, kind, few, processes)
        async for verdict in _beside_requests(made, count):
            yield verdict


async def _compared(made: Sending, kind: Kind, count: int, processes: int) -> Verdict:
    """Compare the rates of workers and of the floor, measured in turn."""
    ratios, rates = [], []
    for _ in range(PAIRS):
        await made.prepare(kind, count)
        floor = await made.floor(kind, processes)
        await made.prepare(kind, count)
        worked = await made.workers(kind, count, processes)
        rates.append(worked.received.rate)
        ratios.append(worked.received.rate / floor.rate)
    note = f"({PAIRS} pairs, {min(ratios):.2f} to {max(ratios):.2f}; {median(rates):.0f} a second)"
    name = f"{kind}, {'one process' if processes == 1 else 'two processes'}"
    return Verdict(name, "a loop that only sends", median(ratios), 0.5, note)


async def _beside_requests(made: Sending, count: int) -> AsyncIterator[Verdict]:
    """Let a worker send mails while clients read details."""
    await made.prepare("reminders", count)
    async with made.served() as subject:
        await subject.some_details(REQUESTS)()
        quiet = [await subject.some_details(REQUESTS)() for _ in range(PAIRS)]
        busy: list[Measured] = []
        work = asyncio.create_task(made.workers("reminders", count, 1))
        while not work.done():
            busy.append(await subject.some_details(REQUESTS)())
        worked = await work
    # The worker ended in the last window, and started in the first.
    slow = median(one.percentile(0.99) for one in busy[1:-1] or busy)
    usual = median(one.percentile(0.99) for one in quiet)
    yield Verdict("details meanwhile, p99", "itself without", slow / usual, 2, "", at_most=True)
    start, middle, end = worked.memory
    note = f"{count:,} mails, {end / 2**20:.0f} MiB; {middle / start:.2f} in the middle"
    yield Verdict(
        "memory of the worker", "after a twentieth", end / start, 1.05, note, at_most=True
    )
    share = worked.received.count / worked.received.connections
    yield Verdict("reminders", "SMTP connections", share, None, "mails for each")
