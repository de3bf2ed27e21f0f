"""A client cancels while thousands of reminders are due at a slow mail server."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.drills.report import Row
from tests.notifications.postbox import Postbox
from tests.notifications.scenario import START, Scenario
from tests.notifications.test_worker import queue_reminders, working
from tests.world import TestClock, World

REMINDERS = 2000
SECONDS_A_MAIL = 0.2
# As many as a mail server with this many slots accepts in five seconds; fewer when busy.
MAILS_IN_BETWEEN = 130


@pytest.fixture
async def postbox() -> AsyncIterator[Postbox]:
    box = Postbox()
    box.on_recipient = lambda: asyncio.sleep(SECONDS_A_MAIL)
    await box.open()
    yield box
    await box.close()


@pytest.mark.brief
async def test_a_cancellation_mail_is_sent_before_thousands_of_reminders(
    settings: Settings, engine: AsyncEngine, postbox: Postbox, tell: Callable[[Row], None]
) -> None:
    smtp_settings = settings.model_copy(update={"smtp_url": SecretStr(postbox.url)})
    world = await World(engine, smtp_settings).build(reminder_minutes=[])
    clock = TestClock()
    scenario = Scenario(world, clock)
    session_id = await scenario.book()
    await queue_reminders(world, session_id, REMINDERS)
    cancelled = await scenario.book(START.replace(hour=18))
    async with working(smtp_settings, engine, clock):
        await postbox.wait_for(40)
        before, began = len(postbox.mails), time.monotonic()
        await scenario.cancel(cancelled)
        await arrival_of(postbox, "cancel")
        seconds = time.monotonic() - began
        in_between = len(postbox.mails) - before
    left = REMINDERS - len(postbox.mails)
    tell(
        Row(
            drill="reminders at once",
            load=f"{REMINDERS:,} reminders due, {SECONDS_A_MAIL} s a mail",
            faults=f"{in_between} mails before the cancellation's, {left:,} behind it",
            acknowledged=1,
            lost=0,
            doubled=0,
            worst=seconds,
        )
    )
    assert in_between <= MAILS_IN_BETWEEN
    assert len({mail["Message-ID"] for mail in postbox.mails}) == len(postbox.mails)


async def arrival_of(postbox: Postbox, word: str) -> None:
    """Wait for the client's mail with this word in its subject."""
    count = len(postbox.mails)
    while not any(word in mail["Subject"].lower() for mail in postbox.mails):
        count += 1
        await postbox.wait_for(count)
