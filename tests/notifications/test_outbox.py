"""Notifications are written in the transaction of the change that they report."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.statements import SentStatement, watch_driver
from app.database.transactions import transact
from app.outbox.outbox import NewNotification, drop_reminders, queue_notifications, reminders
from app.tables.changes import Change
from app.tables.notifications import Notification
from tests.notifications.scenario import START, Scenario
from tests.world import NOW, World

# These tests count the jobs of all practices.
pytestmark = pytest.mark.alone


@contextmanager
def statements(engine: AsyncEngine) -> Iterator[list[str]]:
    """Record every statement that is sent."""
    seen: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    def note_driven(sent: SentStatement) -> nullcontext[None]:
        seen.append(sent.text)
        return nullcontext()

    event.listen(engine.sync_engine, "before_cursor_execute", note)
    stop = watch_driver(engine, note_driven)
    yield seen
    event.remove(engine.sync_engine, "before_cursor_execute", note)
    stop()


async def count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as db:
        return int(await db.scalar(text(f"SELECT count(*) FROM {table}")) or 0)  # noqa: S608


async def test_each_notification_gets_a_row_and_a_job_of_ids_only(
    scenario: Scenario, engine: AsyncEngine
) -> None:
    session_id = await scenario.book()
    async with engine.connect() as db:
        rows = (await db.execute(select(Notification.__table__))).all()
        jobs = await db.execute(text("SELECT *, execute_after - created AS wait FROM pgqueuer"))
    by_notification = {json.loads(job.payload)["notification_id"]: job for job in jobs}
    assert {(row.kind, row.recipient) for row in rows} == {
        ("booked", "client"),
        ("booked", "practitioner"),
        ("reminder", "client"),
    }
    for row in rows:
        job = by_notification.pop(str(row.id))
        assert (row.session_id, row.status, row.attempts) == (session_id, "pending", 0)
        entrypoint = "send_reminder" if row.kind == "reminder" else "send_notification"
        assert job.entrypoint == entrypoint
        assert json.loads(job.payload) == {
            "practice_id": str(scenario.world.practice_id),
            "notification_id": str(row.id),
        }
        due = timedelta(days=2) if row.kind == "reminder" else timedelta(0)
        assert job.wait == due
    assert not by_notification


async def test_two_statements_are_enough_for_any_number(
    scenario: Scenario, engine: AsyncEngine, world: World
) -> None:
    session_id = await scenario.book()
    notifications = [NewNotification("booked", "client", START, NOW)] * 5
    async with engine.begin() as db:
        change_id = await db.scalar(select(Change.id))
        assert change_id is not None
        with statements(engine) as seen:
            await queue_notifications(
                db, world.practice_id, session_id, change_id, notifications, NOW
            )
            await queue_notifications(db, world.practice_id, session_id, change_id, [], NOW)
    assert len(seen) == 2
    assert await count(engine, "notifications") == await count(engine, "pgqueuer") == 8


async def test_a_rollback_removes_notifications_and_jobs(
    scenario: Scenario, engine: AsyncEngine, world: World
) -> None:
    session_id = await scenario.book()
    before = await count(engine, "notifications"), await count(engine, "pgqueuer")
    async with engine.connect() as db:
        change_id = await db.scalar(select(Change.id))
        assert change_id is not None
    async with engine.connect() as db, db.begin() as transaction:
        # The first statement of its transaction: it must not overtake a BEGIN that is not sent yet.
        notifications = [NewNotification("booked", "client", START, NOW)]
        await queue_notifications(db, world.practice_id, session_id, change_id, notifications, NOW)
        await transaction.rollback()
    assert (await count(engine, "notifications"), await count(engine, "pgqueuer")) == before


def test_reminders_are_those_still_to_come() -> None:
    start = NOW + timedelta(hours=24)
    assert reminders(start, [1440, 60, 2880, 60], NOW) == [
        NewNotification("reminder", "client", start, start - timedelta(hours=1))
    ]
    assert [notification.send_at for notification in reminders(START, [60, 2880], NOW)] == [
        START - timedelta(days=2),
        START - timedelta(hours=1),
    ]


async def test_waiting_reminders_are_dropped_and_nothing_else(
    scenario: Scenario, engine: AsyncEngine, world: World
) -> None:
    session_id, other = await scenario.book(), await scenario.book(START + timedelta(days=1))
    await transact(engine, lambda db: drop_reminders(db, world.practice_id, [session_id], NOW))
    dropped = await scenario.state(await scenario.notification(session_id, "reminder"))
    assert (dropped.status, dropped.finished_at) == ("dropped", NOW)
    for notification_id in (
        await scenario.notification(session_id, "booked"),
        await scenario.notification(other, "reminder"),
    ):
        assert (await scenario.state(notification_id)).status == "pending"


async def test_no_command_waits_for_a_reminder_that_is_being_sent(
    scenario: Scenario, engine: AsyncEngine, world: World
) -> None:
    session_id = await scenario.book()
    async with engine.begin() as sending:
        own = Notification.practice_id == world.practice_id
        await sending.execute(select(Notification.id).where(own).with_for_update())
        async with engine.begin() as db:
            await db.execute(text("SET LOCAL lock_timeout = '1ms'"))
            await drop_reminders(db, world.practice_id, [session_id], NOW)
    assert (
        await scenario.state(await scenario.notification(session_id, "reminder"))
    ).status == "pending"


@pytest.mark.parametrize("role", ["client", "practitioner"])
async def test_a_change_queues_one_notification_each(
    scenario: Scenario, engine: AsyncEngine, role: str
) -> None:
    session_id = await scenario.book()
    await scenario.move(session_id, START + timedelta(days=1))
    async with engine.connect() as db:
        found = await db.scalar(
            select(func.count()).where(
                Notification.kind == "rescheduled", Notification.recipient == role
            )
        )
    assert found == 1
