"""A faulty gateway of text messages, while the worker is killed: nobody is left without a word."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient
from sqlalchemy import Row as TableRow
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.clock import system_clock
from app.configuration.settings import Settings
from app.database.transactions import transact
from app.outbox.outbox import NewNotification, queue_notifications
from app.sms.message import message_id
from app.tables.changes import Change
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.worker.entrypoints import TEXTS_AT_ONCE
from tests.drills.faulty_gateway import FAULTS, FaultyGateway
from tests.drills.faulty_postbox import FaultyPostbox
from tests.drills.outside import Outside
from tests.drills.report import Row
from tests.drills.service import Service, served
from tests.patience import until
from tests.world import World

SEED = 18
NOON = 12
RECOVERY_SECONDS = 120.0


@dataclass(frozen=True)
class Size:
    """So many bookings and as many reminders, and so many kills of the worker."""

    each: int
    kills: int
    # Requests to the gateway from one kill to the next.
    apart: int


@pytest.fixture
async def gateway() -> AsyncIterator[FaultyGateway]:
    made = FaultyGateway(Random(SEED))  # noqa: S311 - the same each time
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def postbox() -> AsyncIterator[FaultyPostbox]:
    made = FaultyPostbox()
    await made.open()
    yield made
    await made.close()


def zone_at_noon(now: datetime) -> str:
    """Name a zone where it is noon, because at night no text message goes."""
    return f"Etc/GMT{now.hour - NOON:+d}"


async def build(engine: AsyncEngine, settings: Settings, size: Size) -> World:
    """Queue mails about bookings, and reminders, of a client who gets all text messages."""
    now = system_clock()
    world = await World(engine, settings).build(reminder_minutes=[])
    await world.change(
        Client,
        world.client_id,
        phone="+12125550188",
        texts="all",
        texts_agreed_at=now,
        texts_number="+12125550188",
        time_zone=zone_at_noon(now),
    )
    start = now.replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    session_id = await world.book(start, now=now)

    async def command(db: AsyncConnection) -> None:
        change_id = await db.scalar(select(Change.id).where(Change.session_id == session_id))
        assert change_id is not None
        booked = NewNotification("booked", "client", start, now)
        # The booking itself has queued the first one.
        queued = [booked] * (size.each - 1) + [replace(booked, kind="reminder")] * size.each
        await queue_notifications(db, world.practice_id, session_id, change_id, queued, now)

    await transact(engine, command)
    return world


async def kill_often(service: Service, gateway: FaultyGateway, size: Size) -> None:
    """Kill the worker while it sends, and wait until its successor sends too."""
    for _ in range(size.kills):
        enough = gateway.arrived + size.apart

        async def is_at_work(enough: int = enough) -> bool:
            return gateway.arrived >= enough

        await until(is_at_work, RECOVERY_SECONDS)
        service.kill_worker()


async def all_faults_are_met(gateway: FaultyGateway) -> bool:
    return gateway.met.keys() == FAULTS.keys()


@dataclass(frozen=True)
class Found:
    """What became of the text messages, by their ids."""

    lost: list[str]
    unsettled: list[str]
    made_up: set[str]
    # Accepted several times, or accepted and told by mail too.
    copies: Mapping[str, int]
    by_mail: int
    refused: int


def compare(rows: list[TableRow[Any]], gateway: FaultyGateway, postbox: FaultyPostbox) -> Found:
    """Compare the notifications with what has arrived at the gateway and at the mail server."""
    mailed = {str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in postbox.mails}
    texts = {message_id(row.practice_id, row.id): row for row in rows}
    lost, unsettled, copies = [], [], Counter(gateway.accepted)
    by_mail = refused = 0
    for name, row in texts.items():
        if row.status not in {"sent", "failed"}:
            unsettled.append(name)
        elif row.channel == "mail":
            by_mail += row.kind == "reminder"
            has_arrived = row.status == "sent" and str(row.id) in mailed
            lost += [] if has_arrived else [name]
            copies[name] += row.kind == "reminder"
        elif row.status == "failed":
            refused += 1
            lost += [] if name in gateway.refused and row.kind == "booked" else [name]
        else:
            lost += [] if name in gateway.accepted else [name]
    return Found(
        lost=lost,
        unsettled=unsettled,
        made_up=gateway.texts.keys() - texts.keys(),
        copies={name: count for name, count in copies.items() if count > 1},
        by_mail=by_mail,
        refused=refused,
    )


async def drill(
    settings: Settings,
    engine: AsyncEngine,
    gateway: FaultyGateway,
    postbox: FaultyPostbox,
    folder: Path,
    size: Size,
    tell: Callable[[Row], None],
) -> None:
    world = await build(engine, settings, size)
    environment = {
        "DATABASE_URL": settings.service_url,
        "SECRET_KEYS": settings.keys[0],
        "SMTP_URL": postbox.url,
        "MAIL_FROM": settings.mail_from,
        "SMS_URL": gateway.url,
        "SMS_FROM": "+15550100",
    }
    headers = {"Authorization": f"Bearer {await world.key()}"}
    async with served(environment, folder, with_worker=True, preloaded=True) as service:
        await kill_often(service, gateway, size)
        await until(lambda: all_faults_are_met(gateway), RECOVERY_SECONDS)
        gateway.mend()
        async with AsyncClient(base_url=service.url, headers=headers, timeout=30) as staff:
            await Outside(postbox, {}, staff).drain()
    rows = await world.rows(Notification, recipient="client")
    found = compare(rows, gateway, postbox)
    unexplained = found.copies.keys() - gateway.unconfirmed
    tell(
        Row(
            drill="text messages",
            load=f"{2 * size.each} text messages, {gateway.arrived} requests",
            faults=f"{size.kills} kills, "
            + ", ".join(f"{name} {count}" for name, count in sorted(gateway.met.items()))
            + f": {found.by_mail} by mail, {found.refused} refused, {len(found.copies)} twice",
            acknowledged=2 * size.each,
            lost=len(found.lost) + len(found.unsettled),
            doubled=len(found.made_up),
        )
    )
    assert (found.lost, found.unsettled, found.made_up) == ([], [], set())
    counted = Counter((row.kind, row.channel == "text") for row in rows)
    assert counted["booked", False] == counted["booked", True] == size.each
    assert counted["reminder", False] + counted["reminder", True] == size.each
    assert counted["reminder", False] == found.by_mail
    # The same id always has the same text: a gateway that knows the id sends it once.
    assert {len(texts) for texts in gateway.texts.values()} == {1}
    # Twice only if the answer was lost, or the worker was killed before it had recorded it.
    assert len(unexplained) <= size.kills * TEXTS_AT_ONCE
    ids = {UUID(name[32:]) for name in gateway.accepted}
    assert len(ids) == len(gateway.accepted)


@pytest.mark.brief
async def test_a_faulty_gateway_and_a_kill_lose_no_text_message(
    settings: Settings,
    engine: AsyncEngine,
    gateway: FaultyGateway,
    postbox: FaultyPostbox,
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    size = Size(each=30, kills=1, apart=30)
    await drill(settings, engine, gateway, postbox, tmp_path, size, tell)


@pytest.mark.drill
async def test_a_faulty_gateway_and_many_kills_lose_no_text_message(
    settings: Settings,
    engine: AsyncEngine,
    gateway: FaultyGateway,
    postbox: FaultyPostbox,
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    size = Size(each=250, kills=12, apart=30)
    await drill(settings, engine, gateway, postbox, tmp_path, size, tell)
