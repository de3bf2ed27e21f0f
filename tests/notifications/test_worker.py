"""The worker, from the row that a command writes to the received mail."""

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from pgqueuer.qm import QueueManager
from pydantic import SecretStr
from sqlalchemy import insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from structlog.testing import capture_logs

from app.configuration.settings import Settings, SettingsError
from app.database.engine import connect
from app.database.transactions import transact
from app.identity.sign_in.delivery import send_sign_in
from app.identity.sign_in.jobs import sign_in_wake
from app.identity.sign_in.request_link import ask_for_link, hash_address
from app.mail.context import MailContext
from app.outbox import sweeping
from app.outbox.outbox import NewNotification, queue_notifications
from app.outbox.queue import Wake, notification_wake
from app.outbox.sweeping import sweep_notifications
from app.tables.changes import Change
from app.tables.idempotency import IdempotencyKey
from app.tables.identity import SignInRequest
from app.tables.notifications import Notification
from app.worker import run as worker
from app.worker.run import run_worker, sweep, tidy
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import BOTH, START, Scenario
from tests.patience import PATIENCE_SECONDS, until
from tests.world import NOW, TestClock, World

# The worker runs the jobs of all practices.
pytestmark = pytest.mark.alone


@asynccontextmanager
async def working(
    settings: Settings, engine: AsyncEngine, clock: TestClock
) -> AsyncIterator[asyncio.Event]:
    """Run a worker for the duration of the block."""
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(settings, engine, clock, stop))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


async def value(engine: AsyncEngine, query: str) -> Any:
    async with engine.connect() as db:
        return await db.scalar(text(query))


def wake_of(row: Any) -> Wake:
    return notification_wake(
        row.practice_id, row.id, row.channel, row.recipient, row.kind, row.attempt_at
    )


async def no_jobs_due(engine: AsyncEngine) -> bool:
    return not await value(engine, "SELECT count(*) FROM pgqueuer WHERE execute_after <= now()")


async def test_from_a_booking_to_both_mails(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    before = await scenario.book()
    async with working(smtp_settings, engine, clock):
        await postbox.wait_for(2)
        meanwhile = await scenario.book(START + timedelta(days=1))
        await postbox.wait_for(4)
        await until(lambda: no_jobs_due(engine))
    expected = ["ana@client.example"] * 2 + ["maya@harbor.example"] * 2
    assert sorted(postbox.recipients) == expected
    for session_id in (before, meanwhile):
        for recipient in ("client", "practitioner"):
            notification_id = await scenario.notification(session_id, "booked", recipient)
            assert (await scenario.state(notification_id)).status == "sent"
        reminder = await scenario.state(await scenario.notification(session_id, "reminder"))
        assert reminder.status == "pending"
    assert await value(engine, "SELECT count(*) FROM pgqueuer") == 2  # the reminders


@pytest.mark.slow
async def test_two_workers_share_the_work(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    for hours in range(12):
        await scenario.book(START + timedelta(days=1, hours=hours))
    async with (
        working(smtp_settings, engine, clock),
        working(smtp_settings, engine, clock),
    ):
        await postbox.wait_for(24)
        await until(lambda: no_jobs_due(engine))
    ids = [mail["Message-ID"] for mail in postbox.mails]
    assert len(ids) == len(set(ids)) == 24


async def test_a_failed_mail_is_retried_later(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    postbox.refusal = "450 not now, ana@client.example"

    async def both_put_off() -> bool:
        return bool(
            await value(engine, "SELECT count(*) FROM notifications WHERE attempts = 1") == 2
        )

    async with working(smtp_settings, engine, clock):
        await until(both_put_off)
        row = await scenario.state(notification_id)
        assert (row.status, row.attempts) == ("pending", 1)
        assert row.last_error == "SMTPRecipientRefused 450"
        assert row.attempt_at == NOW + timedelta(seconds=5)
        waits = "SELECT extract(epoch FROM execute_after - created) FROM pgqueuer"
        assert await value(engine, f"{waits} WHERE dedupe_key = '{wake_of(row).key}'") == 5
        leak = "SELECT count(*) FROM pgqueuer_log WHERE traceback::text LIKE '%client.example%'"
        assert await value(engine, leak) == 0
        postbox.refusal = None
        clock.now = row.attempt_at
        hurried = "UPDATE pgqueuer SET execute_after = now() WHERE entrypoint = 'send_notification'"
        await transact(engine, lambda db: db.execute(text(hurried)))
        await scenario.book(
            START + timedelta(days=1)
        )  # new jobs wake the worker, an UPDATE does not
        await postbox.wait_for(4)
        await until(lambda: no_jobs_due(engine))
    assert (await scenario.state(notification_id)).status == "sent"


@pytest.mark.slow
async def test_a_notification_that_was_locked_is_found_by_the_sweep(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its job ran while another worker had locked the row, and that worker recorded nothing."""
    monkeypatch.setattr(worker, "SWEEP_SECONDS", 0.05)
    notification_id = await scenario.notification(await scenario.book(), "booked")
    first_wakes = await value(engine, "SELECT max(id) FROM pgqueuer")

    async def swept_in_vain() -> bool:
        query = "SELECT count(*) FROM pgqueuer_log WHERE status = 'successful' AND job_id > "
        return bool(await value(engine, f"{query}{first_wakes}"))

    async with engine.connect() as other:
        await other.execute(
            select(Notification.id)
            .where(
                Notification.practice_id == scenario.world.practice_id,
                Notification.id == notification_id,
            )
            .with_for_update()
        )
        async with working(smtp_settings, engine, clock):
            await postbox.wait_for(1)
            await until(swept_in_vain)
            assert postbox.recipients == ["maya@harbor.example"]
            await other.rollback()
            await postbox.wait_for(2)
    row = await scenario.state(notification_id)
    assert (row.status, row.attempts) == ("sent", 1)


async def test_a_refused_mail_leaves_no_job(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    notification_id = await scenario.notification(await scenario.book(), "booked")
    postbox.refusal = "550 no such person"
    async with working(smtp_settings, engine, clock):
        await until(lambda: no_jobs_due(engine))
    assert (await scenario.state(notification_id)).status == "failed"
    assert await value(engine, "SELECT count(*) FROM pgqueuer") == 1  # the reminder


async def test_a_lost_connection_is_replaced(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker, "FIRST_RECONNECT_SECONDS", 0.01)
    monkeypatch.setattr("app.database.engine.IDLE_SECONDS", 0.0)
    await scenario.book()
    with capture_logs() as logs:
        async with working(smtp_settings, engine, clock):
            await _lose_the_connection(smtp_settings, engine, scenario, postbox)
    assert "worker_interrupted" in [line["event"] for line in logs]


async def _lose_the_connection(
    smtp_settings: Settings, engine: AsyncEngine, scenario: Scenario, postbox: Postbox
) -> None:
    """End all connections of the service between two mails."""
    await postbox.wait_for(2)
    await until(lambda: no_jobs_due(engine))
    other = await connect(smtp_settings.service_url)
    await other.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND usename = current_user"
    )
    await other.close()
    await scenario.book(START + timedelta(days=1))
    await postbox.wait_for(4)


async def test_the_worker_waits_for_an_unreachable_database(
    smtp_settings: Settings, engine: AsyncEngine, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "FIRST_RECONNECT_SECONDS", 0.01)
    tried = asyncio.Event()
    attempts = 0

    async def refuse(_url: str) -> Any:
        nonlocal attempts
        attempts += 1
        if attempts == 3:
            tried.set()
        raise ConnectionRefusedError

    monkeypatch.setattr(worker, "connect", refuse)
    async with working(smtp_settings, engine, clock):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await tried.wait()


async def test_mails_in_progress_are_finished_when_the_worker_is_cancelled(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    await scenario.book()
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        begun.set()
        await go_on.wait()

    postbox.on_recipient = hold
    stop = asyncio.Event()
    task = asyncio.create_task(run_worker(smtp_settings, engine, clock, stop))
    await begun.wait()
    task.cancel()
    await asyncio.wait({task}, timeout=0)
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(postbox.mails) == 2
    assert await no_jobs_due(engine)


async def test_a_worker_that_stops_does_not_wait_minutes_for_an_answer(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The mails may have arrived, so their next attempts are late."""
    monkeypatch.setattr(worker, "ANSWER_SECONDS_AT_STOP", 0.0)
    session_id = await scenario.book()
    stopped = asyncio.Event()
    postbox.on_content = stopped.wait
    async with working(smtp_settings, engine, clock):
        await postbox.wait_for(2)
    stopped.set()
    for recipient in BOTH:
        row = await scenario.state(await scenario.notification(session_id, "booked", recipient))
        assert (row.status, row.last_error) == ("pending", "UnansweredError")
        assert row.attempt_at == NOW + timedelta(minutes=15)


async def test_the_failures_of_all_queues_are_fetched(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    world: World,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One of them says why the worker is interrupted; asyncio does not log the others."""
    del world

    async def fail(*_: object, **__: object) -> None:
        raise ConnectionError

    monkeypatch.setattr(QueueManager, "run", fail)
    told: list[str] = []
    asyncio.get_running_loop().set_exception_handler(
        lambda _, context: told.append(context["message"])
    )
    with capture_logs() as logs:

        async def interrupted() -> bool:
            return any(line["event"] == "worker_interrupted" for line in logs)

        async with working(smtp_settings, engine, clock):
            await until(interrupted)
    gc.collect()
    (line,) = [line for line in logs if line["event"] == "worker_interrupted"]
    assert line["error"] == "ConnectionError"
    assert told == []


async def test_an_invalid_job_is_deleted(
    smtp_settings: Settings, engine: AsyncEngine, clock: TestClock, world: World
) -> None:
    del world
    insert_job = (
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status, attempts)"
        " VALUES (0, 'send_notification', '{}', 'queued', 99)"
    )
    await transact(engine, lambda db: db.execute(text(insert_job)))

    async def is_gone() -> bool:
        return not await value(engine, "SELECT count(*) FROM pgqueuer")

    async with working(smtp_settings, engine, clock):
        await until(is_gone)


async def test_a_statement_to_a_silent_database_times_out(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "QUERY_TIMEOUT_SECONDS", 0.05)
    connection = await connect(settings.service_url)
    driver = worker._Driver(connection)  # noqa: SLF001 - the job library's end of the connection
    with pytest.raises(TimeoutError):
        await driver.fetch("SELECT pg_sleep(60)")
    with pytest.raises(TimeoutError):
        await driver.execute("SELECT pg_sleep(60)")
    await driver.notify("somewhere", "{}")
    await connection.close()


async def test_a_worker_needs_a_database(engine: AsyncEngine, clock: TestClock) -> None:
    settings = Settings(_env_file=None, smtp_url=SecretStr("smtp://mail.example"))
    with pytest.raises(SettingsError):
        await run_worker(settings, engine, clock, asyncio.Event())


async def add_key(engine: AsyncEngine, practice_id: UUID, age: timedelta) -> None:
    values = {
        "practice_id": practice_id,
        "scope": "client",
        "key": str(uuid4()),
        "fingerprint": b"",
        "status": 200,
        "body": b"",
        "created_at": NOW - age,
    }
    await transact(engine, lambda db: db.execute(insert(IdempotencyKey).values(values)))


async def test_old_keys_and_job_logs_are_deleted(
    engine: AsyncEngine, world: World, scenario: Scenario
) -> None:
    await add_key(engine, world.practice_id, timedelta(hours=24))
    await add_key(engine, world.practice_id, timedelta(hours=23, minutes=59))
    await scenario.book()
    await transact(
        engine,
        lambda db: db.execute(
            text(
                "UPDATE pgqueuer_log SET created ="
                " (created AT TIME ZONE 'UTC' - interval '8 days') AT TIME ZONE 'UTC'"
                " WHERE id = (SELECT min(id) FROM pgqueuer_log)"
            )
        ),
    )
    await transact(engine, lambda db: tidy(db, NOW, links=timedelta(days=30)))
    assert await value(engine, "SELECT count(*) FROM idempotency_keys") == 1
    assert await value(engine, "SELECT count(*) FROM pgqueuer_log") == 2


async def test_a_large_cleanup_may_take_longer_than_a_request(engine: AsyncEngine) -> None:
    """Otherwise rows that are too many for one statement stay, and are even more the next time."""
    async with engine.begin() as db:
        await tidy(db, NOW, links=timedelta(days=30))
        assert await db.scalar(text("SHOW statement_timeout")) == "5min"
    assert await value(engine, "SHOW statement_timeout") == "10s"


async def wakes(engine: AsyncEngine) -> set[tuple[str, str, int]]:
    query = "SELECT dedupe_key, entrypoint, priority FROM pgqueuer"
    async with engine.connect() as db:
        return {(key, name, priority) for key, name, priority in await db.execute(text(query))}


async def test_of_many_without_a_job_the_oldest_come_first(
    engine: AsyncEngine, scenario: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sweep has a bound, and what is stranded for the longest time is found by the first one."""
    monkeypatch.setattr(sweeping, "AT_ONCE", 1)
    ids = [
        await scenario.notification(await scenario.book(START + timedelta(days=days)), "booked")
        for days in range(3)
    ]
    ages = {ids[0]: 2, ids[1]: 3, ids[2]: 1}
    async with engine.begin() as db:
        await db.execute(text("DELETE FROM pgqueuer"))
        await db.execute(update(Notification).values(status="dropped"))
        for notification_id, hours in ages.items():
            await db.execute(
                update(Notification)
                .where(Notification.id == notification_id)
                .values(status="pending", attempt_at=NOW - timedelta(hours=hours))
            )
    found = []
    for _ in ids:
        before = await wakes(engine)
        await transact(engine, lambda db: sweep_notifications(db, NOW))
        ((key, _, _),) = await wakes(engine) - before
        found.append(UUID(key.partition("/")[0]))
    assert found == sorted(ids, key=lambda one: -ages[one])


async def test_a_due_notification_without_a_job_gets_a_new_one(
    engine: AsyncEngine, scenario: Scenario, world: World
) -> None:
    await scenario.book()
    await ask_to_sign_in(world, "ana@client.example")
    before = await wakes(engine)
    await transact(engine, lambda db: sweep(db, NOW + timedelta(days=30)))
    assert await wakes(engine) == before
    await transact(engine, lambda db: db.execute(text("DELETE FROM pgqueuer")))
    for _ in range(2):
        await transact(engine, lambda db: sweep(db, NOW))
    assert await wakes(engine) == {wake for wake in before if wake[1] != "send_reminder"}
    await transact(engine, lambda db: sweep(db, START - timedelta(days=1)))
    assert await wakes(engine) == before


async def test_a_finished_or_leased_notification_gets_no_job(
    engine: AsyncEngine, scenario: Scenario, world: World
) -> None:
    session_id = await scenario.book()
    to_client, to_practitioner = [
        await scenario.notification(session_id, "booked", role)
        for role in ("client", "practitioner")
    ]
    await world.change(Notification, to_client, status="failed", finished_at=NOW)
    end = NOW + timedelta(seconds=20)
    await world.change(Notification, to_practitioner, leased_until=end)
    await transact(engine, lambda db: db.execute(text("DELETE FROM pgqueuer")))
    await transact(engine, lambda db: sweep(db, end - timedelta(microseconds=1)))
    assert await wakes(engine) == set()
    await transact(engine, lambda db: sweep(db, end))
    (found,) = await wakes(engine)
    assert found[0] == wake_of(await scenario.state(to_practitioner)).key


@pytest.mark.own_database
async def test_a_failing_cleanup_does_not_stop_the_worker(
    smtp_settings: Settings,
    engine: AsyncEngine,
    owner_engine: AsyncEngine,
    clock: TestClock,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    await transact(owner_engine, lambda db: db.execute(text("DROP TABLE idempotency_keys")))
    async with working(smtp_settings, engine, clock):
        await scenario.book()
        await postbox.wait_for(2)


async def queue_reminders(world: World, session_id: UUID, count: int) -> None:
    """Queue this many reminders of one session, all due now."""

    async def command(db: AsyncConnection) -> None:
        change_id = await db.scalar(select(Change.id).where(Change.session_id == session_id))
        assert change_id is not None
        due = [NewNotification("reminder", "client", START, NOW)] * count
        await queue_notifications(db, world.practice_id, session_id, change_id, due, NOW)

    await transact(world.engine, command)


class SlowForReminders(Postbox):
    """Accepts a reminder only when released. Accepts all other mails at once."""

    def __init__(self) -> None:
        super().__init__()
        self.go_on = asyncio.Event()
        self.held = 0

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        if b"Subject: Reminder" in envelope.content:
            self.held += 1
            await self.go_on.wait()
        return await super().handle_DATA(server, session, envelope)


@pytest.mark.slow
async def test_a_worker_that_stops_gives_back_the_reminders_that_wait(
    settings: Settings, engine: AsyncEngine, clock: TestClock, world: World, scenario: Scenario
) -> None:
    """It holds many more than it sends at once, and must not send all of them before it ends."""
    postbox = SlowForReminders()
    await postbox.open()
    smtp_settings = settings.model_copy(update={"smtp_url": SecretStr(postbox.url)})
    at_once = settings.smtp_connections // 2
    await queue_reminders(world, await scenario.book(), 10 * at_once)

    async def all_places_are_taken() -> bool:
        return postbox.held == at_once

    async with working(smtp_settings, engine, clock) as stop:
        await until(all_places_are_taken)
        stop.set()
        postbox.go_on.set()
    reminders = sum("Reminder" in mail["Subject"] for mail in postbox.mails)
    assert reminders == at_once
    left = "SELECT count(*) FROM pgqueuer WHERE entrypoint = 'send_reminder' AND status = 'queued'"
    assert await value(engine, f"{left} AND execute_after <= now()") == 9 * at_once
    async with working(smtp_settings, engine, clock):
        await postbox.wait_for(10 * at_once + 2)  # and the two mails of the booking
    ids = [mail["Message-ID"] for mail in postbox.mails]
    assert len(ids) == len(set(ids)) == 10 * at_once + 2
    await postbox.close()


@pytest.mark.slow
async def test_urgent_mails_are_sent_while_all_reminders_hang(
    settings: Settings, engine: AsyncEngine, clock: TestClock, world: World, scenario: Scenario
) -> None:
    """More reminders than slots are due, all older, and none of them is accepted."""
    postbox = SlowForReminders()
    await postbox.open()
    urls = {"smtp_url": SecretStr(postbox.url)}
    smtp_settings = settings.model_copy(update=urls)
    moved, cancelled = [await scenario.book(START + timedelta(days=days)) for days in (1, 2)]
    await queue_reminders(world, await scenario.book(), 300)

    async def all_places_are_taken() -> bool:
        return postbox.held == smtp_settings.smtp_connections // 2

    async with working(smtp_settings, engine, clock):
        await postbox.wait_for(6)
        await until(all_places_are_taken)
        await scenario.book(START + timedelta(days=3))
        await scenario.move(moved, START + timedelta(days=4))
        await scenario.cancel(cancelled)
        await ask_to_sign_in(world, "ana@client.example")
        await postbox.wait_for(6 + 2 + 2 + 2 + 1)
        assert postbox.held == smtp_settings.smtp_connections // 2
        postbox.go_on.set()
    await postbox.close()


async def test_the_most_urgent_mail_is_sent_first(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    world: World,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    """With one slot and all due: sign-in links, then clients' mails, then practitioners'."""
    for days in range(3):
        await scenario.book(START + timedelta(days=days))
    await ask_to_sign_in(world, "ana@client.example")
    one_place = smtp_settings.model_copy(update={"smtp_connections": 2})
    async with working(one_place, engine, clock):
        await postbox.wait_for(7)
        await until(lambda: no_jobs_due(engine))
    assert postbox.recipients == ["ana@client.example"] * 4 + ["maya@harbor.example"] * 3
    assert "sign" in postbox.mails[0]["Subject"].lower()
    assert postbox.connections == 1


@pytest.mark.slow
async def test_more_than_five_mails_are_sent_concurrently(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    world: World,
    scenario: Scenario,
    postbox: Postbox,
) -> None:
    begun, go_on = asyncio.Semaphore(0), asyncio.Event()

    async def hold() -> None:
        begun.release()
        await go_on.wait()

    postbox.on_recipient = hold
    for days in range(3):
        await queue_reminders(world, await scenario.book(START + timedelta(days=days)), 10)
    async with working(smtp_settings, engine, clock):
        async with asyncio.timeout(PATIENCE_SECONDS):
            for _ in range(smtp_settings.smtp_connections):
                await begun.acquire()
        go_on.set()
        await until(lambda: no_jobs_due(engine))
    assert smtp_settings.smtp_connections > 5
    assert postbox.connections == smtp_settings.smtp_connections


async def ask_to_sign_in(world: World, address: str) -> None:
    hashed = hash_address(world.settings.keys, address)
    command = partial(ask_for_link, address=address, address_hash=hashed, now=NOW)
    await transact(world.engine, command)


async def test_sign_in_links_are_sent_too(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    world: World,
    postbox: Postbox,
) -> None:
    async with working(smtp_settings, engine, clock):
        await ask_to_sign_in(world, "nobody@client.example")
        await ask_to_sign_in(world, "ana@client.example")
        await postbox.wait_for(1)
        await until(lambda: no_jobs_due(engine))
    assert postbox.recipients == ["ana@client.example"]
    leak = "SELECT count(*) FROM pgqueuer_log WHERE pgqueuer_log::text LIKE '%client.example%'"
    assert await value(engine, leak) == 0


async def test_a_sign_in_link_that_may_have_arrived_is_sent_again_after_minutes(
    context: MailContext, clock: TestClock, world: World, postbox: Postbox, engine: AsyncEngine
) -> None:
    await ask_to_sign_in(world, "ana@client.example")
    async with engine.connect() as db:
        request_id = (await db.execute(select(SignInRequest.id))).scalar_one()
    postbox.never_answer(context.sender)
    for minutes in (0, 4, 8, 12):
        clock.now = NOW + timedelta(minutes=minutes)
        await send_sign_in(context, request_id)
        await send_sign_in(context, request_id)
    assert len(postbox.mails) == 3


async def test_a_failed_sign_in_link_is_retried_within_a_minute(
    smtp_settings: Settings,
    engine: AsyncEngine,
    clock: TestClock,
    world: World,
    postbox: Postbox,
) -> None:
    await ask_to_sign_in(world, "ana@client.example")
    tried = "UPDATE sign_in_requests SET attempts = 7"
    await transact(engine, lambda db: db.execute(text(tried)))
    postbox.refusal = "450 not now, ana@client.example"

    async def put_off() -> bool:
        return bool(await value(engine, "SELECT attempts FROM sign_in_requests") == 8)

    async with working(smtp_settings, engine, clock):
        await until(put_off)
    async with engine.connect() as db:
        (request,) = (await db.execute(select(SignInRequest.__table__))).all()
    assert request.attempt_at == NOW + timedelta(minutes=1)
    wake = sign_in_wake(request.id, request.attempt_at)
    waits = "SELECT extract(epoch FROM execute_after - created) FROM pgqueuer"
    assert await value(engine, f"{waits} WHERE dedupe_key = '{wake.key}'") == 60
    leak = "SELECT count(*) FROM pgqueuer_log WHERE pgqueuer_log::text LIKE '%client.example%'"
    assert await value(engine, leak) == 0
