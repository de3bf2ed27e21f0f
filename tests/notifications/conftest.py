"""Fixtures of the notification tests: a practice, a clock, a real mail server on loopback."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from app.identity.api_keys.keys import Scope, Staff
from app.mail.context import MailContext
from app.mail.senders import make_sender
from app.outbox.outbox import Kind, Recipient
from app.tables.identity import ApiKey
from app.tables.webhooks import WebhookEndpoint
from app.webhooks.delivery import WebhookContext
from app.webhooks.sending import WebhookSender
from tests.notifications.group_scene import GroupScene
from tests.notifications.postbox import Postbox
from tests.notifications.reading import Read
from tests.notifications.scenario import Scenario
from tests.world import NOW, TestClock, World


@pytest.fixture
def scenario(world: World, clock: TestClock) -> Scenario:
    """Commands on sessions, with the rows that they write."""
    return Scenario(world, clock)


@pytest.fixture
def read(scenario: Scenario, settings: Settings) -> Any:
    """Return a function that reads the latest mail of a kind."""

    async def latest(
        session_id: UUID, kind: Kind, recipient: Recipient = "client", now: datetime = NOW
    ) -> Read:
        return Read(await scenario.mail_data(session_id, kind, recipient), settings, now)

    return latest


@pytest.fixture
def smtp_settings(settings: Settings, postbox: Postbox) -> Settings:
    """Settings that send mail to the postbox."""
    return settings.model_copy(update={"smtp_url": SecretStr(postbox.url)})


@pytest.fixture
async def context(
    engine: AsyncEngine, smtp_settings: Settings, clock: TestClock
) -> AsyncIterator[MailContext]:
    """The context for sending mails, over real SMTP."""
    made = MailContext(engine, make_sender(smtp_settings), smtp_settings, clock)
    yield made
    await made.sender.close()


@pytest.fixture
def webhooks(engine: AsyncEngine, clock: TestClock) -> WebhookContext:
    """The context for sending webhooks to receivers on loopback."""
    return WebhookContext(engine, WebhookSender(insecure=True), clock, patience_seconds=0.0)


@pytest.fixture
async def scene(world: World) -> GroupScene:
    """A practice with a key of its staff and an endpoint, for tests of groups."""
    await world.key(Scope.ADMIN)
    (key,) = await world.rows(ApiKey)
    await world.add(WebhookEndpoint, url="https://x.example", events=[], secret="whsec_x")
    return GroupScene(world, Staff(world.practice_id, key.id, "Front desk", Scope.ADMIN))
