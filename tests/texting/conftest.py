"""Fixtures of the tests of text messages: a gateway and a mail server on loopback."""

from collections.abc import AsyncIterator

import pytest
from pydantic import SecretStr
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.notifications.postbox import Postbox
from tests.notifications.receiver import Receiver
from tests.notifications.scenario import Scenario
from tests.texting.desk import Desk
from tests.world import TestClock, World


@pytest.fixture
async def gateway() -> AsyncIterator[Receiver]:
    """The gateway, which takes what it gets unless told otherwise."""
    made = Receiver()
    await made.open()
    yield made
    if made.go_on is not None:
        made.go_on.set()
    await made.close()


@pytest.fixture
def text_settings(settings: Settings, postbox: Postbox, gateway: Receiver) -> Settings:
    """Settings that send mails to the postbox and text messages to the gateway."""
    return settings.model_copy(
        update={
            "smtp_url": SecretStr(postbox.url),
            "sms_url": SecretStr(f"http://user:pass%20word@127.0.0.1:{gateway.port}/send"),
            "sms_from": "+15550100",
        }
    )


@pytest.fixture
async def desk(
    world: World,
    engine: AsyncEngine,
    text_settings: Settings,
    clock: TestClock,
    gateway: Receiver,
    postbox: Postbox,
) -> AsyncIterator[Desk]:
    """The worker's lanes for one practice, whose client gets all text messages."""
    made = Desk(Scenario(world, clock), engine, text_settings, clock, gateway, postbox)
    await made.agree()
    yield made
    await made.close()
