"""A practice whose client gets text messages, and the worker that sends them."""

import json
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.mail.context import MailContext
from app.mail.senders import make_sender
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import TextContext, send_text
from app.sms.senders import make_text_sender
from app.tables.notifications import Notification
from app.tables.practices import Client
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.scenario import START, Scenario
from tests.world import NOW, TestClock

PHONE, NUMBER = "+1 (212) 555-0188", "+12125550188"


class Desk:
    """Sends what is due of one practice, as the worker's lanes do."""

    def __init__(
        self,
        scenario: Scenario,
        engine: AsyncEngine,
        settings: Settings,
        clock: TestClock,
        gateway: Receiver,
        postbox: Postbox,
    ) -> None:
        self.scenario = scenario
        self.world = scenario.world
        self.settings = settings
        self.clock = clock
        self.gateway = gateway
        self.postbox = postbox
        self.mails = MailContext(engine, make_sender(settings), settings, clock)
        self.texts = TextContext(engine, make_text_sender(settings, clock), settings, clock)

    async def close(self) -> None:
        await self.mails.sender.close()
        await self.texts.sender.close()

    async def agree(self, texts: str = "all", client_id: UUID | None = None) -> None:
        """Let a client get text messages; by default all, and the world's client."""
        await self.world.change(
            Client,
            client_id or self.world.client_id,
            phone=PHONE,
            texts=texts,
            texts_agreed_at=NOW,
            texts_number=None if texts == "off" else NUMBER,
        )

    async def come_to_reminder(self) -> None:
        """Book for a client who gets reminders only, and go to the instant of the reminder."""
        await self.agree("reminders")
        await self.scenario.book()
        await self.work()
        self.clock.now = START - timedelta(days=1)

    async def work(self) -> None:
        """Send all that is due, until nothing is."""
        tried: set[tuple[UUID, str, int, datetime]] = set()
        while due := [row for row in await self._due() if _attempt(row) not in tried]:
            for row in due:
                tried.add(_attempt(row))
                ids = (self.world.practice_id, row.id)
                if row.channel == "text":
                    await send_text(self.texts, *ids)
                else:
                    await send_notification(self.mails, *ids)

    async def _due(self) -> list[Row[Any]]:
        rows = await self.world.rows(Notification, status="pending")
        return [
            row for row in rows if row.channel != "webhook" and row.attempt_at <= self.clock.now
        ]

    async def states(self, channel: str = "text") -> list[tuple[str, str]]:
        """Kinds and statuses of the client's notifications that go one way, in order."""
        rows = await self.world.rows(Notification, recipient="client", channel=channel)
        return sorted((row.kind, row.status) for row in rows)

    async def row(self, kind: str, channel: str = "text") -> Row[Any]:
        (row,) = await self.world.rows(Notification, recipient="client", channel=channel, kind=kind)
        return row

    @property
    def sent(self) -> list[dict[str, str]]:
        """What the gateway got, in order."""
        return [json.loads(one.body) for one in self.gateway.received]

    @property
    def said(self) -> list[str]:
        """The texts that the gateway got."""
        return [one["text"] for one in self.sent]

    @property
    def mailed(self) -> list[str]:
        """The subjects of the client's mails."""
        return [str(mail["Subject"]) for mail in self.postbox.mails if "ana@" in str(mail["To"])]


def _attempt(row: Row[Any]) -> tuple[UUID, str, int, datetime]:
    return row.id, row.channel, row.attempts, row.attempt_at
