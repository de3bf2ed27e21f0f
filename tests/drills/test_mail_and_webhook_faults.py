"""Faulty mail servers and webhook receivers, while clients use the service."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from httpx import AsyncClient
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.drills.faulty_postbox import FaultyPostbox
from tests.drills.outbox import written
from tests.drills.outside import METRICS_TOKEN, Outside, failed_ones, mail_id
from tests.drills.report import Row
from tests.drills.service import Service
from tests.drills.traffic import Traffic, Visitor, add_visitors, traffic
from tests.notifications.receiver import Receiver
from tests.ports import free_port
from tests.world import World

ENDPOINTS = ("good", "hangs", "fails", "hangs up")
ERRORS = {
    "hangs": {"Timeout"},
    "fails": {"HTTP 500"},
    "hangs up": {"BadAnswer", "ConnectionFailed"},
}
MET_OFTEN = 3
OTHERS = 5


@pytest.fixture
async def service(
    settings: Settings, postbox: FaultyPostbox, tmp_path: Path
) -> AsyncIterator[Service]:
    environment = {
        "DATABASE_URL": settings.service_url,
        "SECRET_KEYS": settings.keys[0],
        "SMTP_URL": postbox.url,
        "MAIL_FROM": settings.mail_from,
        "WEBHOOK_INSECURE_TARGETS": "true",
        "METRICS_TOKEN": METRICS_TOKEN,
        "METRICS_PORT": str(free_port()),
    }
    made = Service(environment, tmp_path)
    try:
        await made.start()
        yield made
    finally:
        await made.stop()


@pytest.fixture
async def postbox() -> AsyncIterator[FaultyPostbox]:
    box = FaultyPostbox()
    await box.open()
    yield box
    await box.close()


@pytest.fixture
async def world(engine: AsyncEngine, settings: Settings) -> World:
    return await World(engine, settings).build(reminder_minutes=[])


@pytest.fixture
async def outside(service: Service, world: World, postbox: FaultyPostbox) -> AsyncIterator[Outside]:
    receivers = {name: Receiver() for name in ENDPOINTS}
    async with AsyncExitStack() as ends:
        for receiver in receivers.values():
            await receiver.open()
            ends.push_async_callback(receiver.close)
        headers = {"Authorization": f"Bearer {await world.key()}"}
        staff = AsyncClient(base_url=service.url, headers=headers, timeout=30)
        made = Outside(postbox, receivers, await ends.enter_async_context(staff))
        yield made
        made.mend()


async def booked_are_told(outside: Outside, visitors: list[Visitor]) -> bool:
    """Tell whether the mails of all bookings have arrived."""
    return len(outside.mails()) > 2 * sum(len(visitor.sessions) for visitor in visitors)


async def bad_receivers(outside: Outside, clients: Traffic) -> None:
    """Three of four receivers fail permanently. Mails and the fourth are not affected."""
    outside.receivers["hangs"].go_on = asyncio.Event()
    outside.receivers["fails"].status = 500
    outside.receivers["hangs up"].hangs_up = True
    told = outside.told("good").total()
    mails = len(outside.mails())

    async def all_met() -> bool:
        for name, errors in ERRORS.items():
            waiting = await outside.notifications(
                status="pending", endpoint=outside.endpoints[name]
            )
            if not errors & {notification["last_error"] for notification in waiting}:
                return False
        return (
            outside.told("good").total() > told + OTHERS and len(outside.mails()) > mails + OTHERS
        )

    await clients.goes_on("bad receivers", until=all_met)


async def mail_server_down(outside: Outside, clients: Traffic) -> None:
    """The mail server is down. The working receiver still gets its events."""
    await outside.postbox.close()
    told = outside.told("good").total()

    async def is_met() -> bool:
        waiting = await outside.notifications(status="pending", recipient="client")
        errors = [notification["last_error"] for notification in waiting]
        enough = errors.count("SMTPConnectError") >= MET_OFTEN
        return enough and outside.told("good").total() > told + OTHERS

    await clients.goes_on("mail down", until=is_met)
    await outside.postbox.open()


async def mail_server_faulty(outside: Outside, clients: Traffic) -> None:
    """It answers slowly; then it drops connections before, and after, it has accepted a mail.

    The working receiver still gets its events.
    """
    postbox = outside.postbox
    for fault in ("slow", "drops before", "drops after"):
        postbox.fault = fault
        told = outside.told("good").total()

        async def is_met(fault: str = fault, told: int = told) -> bool:
            often = postbox.met[fault] >= MET_OFTEN
            return often and outside.told("good").total() > told + OTHERS

        await clients.goes_on(f"mail {fault}", until=is_met)
    postbox.fault = None


async def mail_refused(outside: Outside, clients: Traffic, visitor: Visitor) -> None:
    """One address is refused permanently, so its mail fails at once. Others get their mails."""
    outside.postbox.refused = visitor.email
    mails = len(outside.mails())

    async def is_met() -> bool:
        failed = await outside.notifications(status="failed")
        return bool(failed) and len(outside.mails()) > mails + OTHERS

    await clients.goes_on("one refused", until=is_met)


@pytest.mark.drill
async def test_external_faults_delay_nothing_else_and_all_arrives_finally(
    service: Service,
    outside: Outside,
    world: World,
    settings: Settings,
    tell: Callable[[Row], None],
) -> None:
    visitors = await add_visitors(world)
    await outside.listen()
    await service.start_worker()
    async with traffic(service.url, visitors) as clients:
        await clients.goes_on("quiet", until=partial(booked_are_told, outside, visitors))
        # Responses during the warm-up of the processes are discarded.
        await clients.goes_on("quiet")
        await bad_receivers(outside, clients)
        await mail_server_down(outside, clients)
        await mail_server_faulty(outside, clients)
        await mail_refused(outside, clients, visitors[0])

    outside.mend()
    await outside.drain()
    failed = await failed_ones(outside, service.url)
    # The address is corrected, and staff retry the failed notifications.
    outside.postbox.refused = None
    await outside.retry(failed)
    await outside.drain()

    notifications = await outside.notifications()
    merged = {
        one["id"]
        for one in await written(settings.owner_url, world.practice_id)
        if one["rightly_dropped"]
    }
    expected = Counter(clients.changes)
    mails = outside.mails()
    missing = {
        mail_id(notification)
        for notification in notifications
        if notification["recipient"] != "webhook" and notification["id"] not in merged
    } - set(mails)
    untold = [expected - outside.told(name) for name in ENDPOINTS]
    twice = {sent for sent, count in mails.items() if count > 1}
    told_twice = [outside.told(name) - expected for name in ENDPOINTS]
    tell(
        Row(
            drill="mail and webhook faults",
            load=f"{len(visitors)} clients, {clients.figures()}",
            faults=", ".join(f"{name} {count}" for name, count in outside.postbox.met.items()),
            acknowledged=len(clients.changes),
            lost=len(missing) + sum(each.total() for each in untold),
            doubled=len(twice - outside.postbox.unconfirmed)
            + sum(each.total() for each in told_twice),
            worst=clients.worst,
        )
    )
    unsent = {one["id"] for one in notifications if one["status"] != "sent"}
    assert unsent == merged
    # To client and practitioner: one of each booking and of each change, but for those merged.
    bookings = sum(len(visitor.sessions) for visitor in visitors)
    assert len(mails) == 2 * (bookings + len(clients.changes)) - len(merged)
    assert not missing
    # The repeat of a mail whose acceptance was lost has the same Message-ID.
    assert twice == outside.postbox.unconfirmed
    assert max(mails.values()) == 2
    assert untold == told_twice == [Counter()] * len(ENDPOINTS)
    clients.keeps_its_pace()
