"""Reminders of many sessions, moved and cancelled at random while the worker runs."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from functools import partial
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import OPERATOR
from app.configuration.settings import Settings
from app.database.engine import create_engine
from app.database.transactions import transact
from app.domain.session import Format, Status
from app.identity.api_keys.keys import Scope, Staff
from app.sessions.commands.book import book
from app.sessions.commands.booking import Booking
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.meeting import WantedMove
from app.sessions.commands.orders import ChangeReason, StaffOrder
from app.sessions.commands.reschedule import reschedule_by_staff
from app.tables.identity import ApiKey
from app.tables.notifications import Notification
from app.tables.sessions import Session
from app.worker.run import run_worker, worker_pool_size
from tests.notifications.postbox import Postbox
from tests.world import NOW, World

# The worker runs the jobs of all practices.
pytestmark = pytest.mark.alone

DAYS = 25
AT_ONCE = 4
DAY = timedelta(days=1)
FREE = StaffOrder(ChangeReason(None, "At random."), charged=False, if_match=None)


class RunningClock:
    """A clock that starts at NOW and advances like the database's clock."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self) -> datetime:
        return NOW + timedelta(seconds=time.monotonic() - self._began)


@dataclass
class Gone:
    """A start that a session had until `at`, when its change was committed."""

    starts_at: datetime
    at: datetime


class Crowd:
    """Sessions on each of 25 days, with as many practitioners and clients as needed."""

    def __init__(self, world: World, clock: RunningClock, sessions: int, spread: int) -> None:
        self.world = world
        self.sessions = sessions
        self.spread = spread
        self.clock = clock
        self.dice = random.Random(4)  # noqa: S311 - the same changes in every run
        self.staff = Staff(world.practice_id, uuid4(), "Front desk", Scope.WRITE)
        self.gone: dict[UUID, list[Gone]] = {}

    async def build(self) -> list[UUID]:
        """Book all sessions; each reminder is due within `spread` seconds from NOW."""
        services = [
            await self.world.add_service(
                duration_minutes=5, buffer_after_minutes=0, reminder_minutes=[1440 * (day + 1)]
            )
            for day in range(DAYS)
        ]
        pairs = [
            (await self.world.add_practitioner(hours=False), await self.world.add_client())
            for _ in range(self.sessions // DAYS)
        ]

        async def command(db: AsyncConnection) -> list[UUID]:
            await db.execute(
                insert(ApiKey).values(
                    practice_id=self.world.practice_id,
                    id=self.staff.key_id,
                    name="Front desk",
                    scope="write",
                    secret_hash=b"",
                    created_at=NOW,
                )
            )
            return [
                (
                    await book(
                        db,
                        self.world.practice_id,
                        Booking(client, practitioner, service, self._due(day), Format.VIDEO),
                        actor=OPERATOR,
                        force=True,
                        now=NOW - timedelta(hours=1),
                    )
                ).session_id
                for practitioner, client in pairs
                for day, service in enumerate(services)
            ]

        booked = await transact(self.world.engine, command)
        await transact(self.world.engine, self._forget_confirmations)
        return booked

    def _due(self, day: int) -> datetime:
        return NOW + (day + 1) * DAY + timedelta(seconds=self.dice.randint(1, self.spread))

    async def _forget_confirmations(self, db: AsyncConnection) -> None:
        """Delete the confirmations: two thousand more mails would only take time."""
        await db.execute(
            update(Notification)
            .where(
                Notification.practice_id == self.world.practice_id, Notification.kind == "booked"
            )
            .values(status="dropped", finished_at=NOW)
        )
        # The jobs were queued when the clock was an hour earlier.
        await db.execute(
            text(
                "UPDATE pgqueuer SET execute_after ="
                " (execute_after AT TIME ZONE 'UTC' - interval '1 hour') AT TIME ZONE 'UTC'"
            )
        )

    async def change(self, sessions: Sequence[UUID]) -> None:
        """Cancel some sessions, move some by seconds, some by hours, and keep the others."""
        for session_id in sessions:
            (before,) = await self.world.rows(Session, id=session_id)
            doing = self.dice.choice(["cancel", "seconds", "hours", "nothing"])
            if doing == "nothing":
                continue
            if doing == "cancel":
                command = partial(
                    cancel_by_staff,
                    staff=self.staff,
                    session_id=session_id,
                    order=FREE,
                    now=self.clock(),
                    credit_grace=DAY,
                )
            else:
                ahead = timedelta(
                    seconds=self.dice.randint(1, self.spread), hours=2 * (doing == "hours")
                )
                command = partial(
                    reschedule_by_staff,
                    staff=self.staff,
                    session_id=session_id,
                    requested=WantedMove(before.starts_at + ahead, Format.VIDEO),
                    force=True,
                    order=FREE,
                    now=self.clock(),
                )
            await transact(self.world.engine, command)
            self.gone.setdefault(session_id, []).append(Gone(before.starts_at, self.clock()))


# Reminders become due within this many seconds, while sessions are changed.
@pytest.mark.parametrize(
    ("sessions", "spread"), [(60, 1), pytest.param(1000, 12, marks=pytest.mark.slow)]
)
@pytest.mark.slow
async def test_each_due_reminder_of_many_sessions_is_sent_once_and_no_other(
    world: World,
    smtp_settings: Settings,
    engine: AsyncEngine,
    postbox: Postbox,
    sessions: int,
    spread: int,
) -> None:
    clock = RunningClock()
    crowd = Crowd(world, clock, sessions, spread)
    booked = await crowd.build()
    crowd.clock = clock = RunningClock()
    stop = asyncio.Event()
    # With its own connections, like a worker.
    url, size = smtp_settings.service_url, worker_pool_size(smtp_settings)
    of_worker = create_engine(url, pool_size=size)
    working = asyncio.create_task(run_worker(smtp_settings, of_worker, clock, stop))
    crowd.dice.shuffle(booked)
    await asyncio.gather(*(crowd.change(booked[n::AT_ONCE]) for n in range(AT_ONCE)))
    await nothing_is_due(engine)
    stop.set()
    await working
    await of_worker.dispose()
    await check(crowd, postbox.mails)


async def nothing_is_due(engine: AsyncEngine) -> None:
    """Wait until every job that is due by the end of the spread is finished."""
    due = text(
        "SELECT count(*) FROM pgqueuer WHERE status IN ('queued', 'picked')"
        " AND execute_after < now() + interval '1 hour'"
    )
    async with asyncio.timeout(180):
        while True:
            async with engine.connect() as db:
                if not await db.scalar(due):
                    return
            await asyncio.sleep(0.2)


async def check(crowd: Crowd, mails: Sequence[EmailMessage]) -> None:
    arrived = {UUID(mail["Message-ID"].strip("<>").partition("@")[0]): mail for mail in mails}
    assert len(arrived) == len(mails), "no mail went out twice"
    sessions = {row.id: row for row in await crowd.world.rows(Session)}
    told: Counter[UUID] = Counter()
    outcomes: Counter[str] = Counter()
    for notification in await crowd.world.rows(Notification, kind="reminder"):
        session = sessions[notification.session_id]
        holds = session.status == Status.BOOKED and session.starts_at == notification.starts_at
        is_due = notification.send_at <= crowd.clock()
        outcomes[notification.status] += 1
        if notification.id in arrived:
            told[notification.session_id] += holds
            gone = [
                change.at
                for change in crowd.gone.get(notification.session_id, [])
                if change.starts_at == notification.starts_at
            ]
            # The mail's date is the time of the check, in whole seconds.
            checked_at = arrived[notification.id]["Date"].datetime
            assert holds or checked_at <= gone[0], "a reminder of a time that is gone"
            assert notification.status == "sent"
        elif holds and is_due:
            pytest.fail("a reminder that was due did not go out")
        else:
            assert notification.status == ("pending" if holds else "dropped")
    assert set(told.values()) <= {0, 1}
    # The random changes covered every case.
    assert min(outcomes[status] for status in ("sent", "dropped", "pending")) > crowd.sessions // 10
