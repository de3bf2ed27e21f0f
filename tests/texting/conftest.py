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
from tests.texting.telling import SECRET, TWILIO_URL
from tests.world import Api, TestClock, World, serve


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
def settings(settings: Settings, postbox: Postbox, gateway: Receiver) -> Settings:
    """Settings that send mails to the postbox, and text messages to a gateway that signs."""
    return settings.model_copy(
        update={
            "smtp_url": SecretStr(postbox.url),
            "sms_url": SecretStr(f"http://user:pass%20word@127.0.0.1:{gateway.port}/send"),
            "sms_from": "+15550100",
            "sms_secret": SecretStr(SECRET),
        }
    )


@pytest.fixture
async def twilio(settings: Settings, clock: TestClock, engine: AsyncEngine) -> AsyncIterator[Api]:
    """The API of an installation whose gateway is Twilio."""
    own = settings.model_copy(update={"sms_url": SecretStr(TWILIO_URL), "sms_secret": None})
    async with serve(own, clock, engine) as served:
        yield served


@pytest.fixture
async def desk(
    world: World,
    engine: AsyncEngine,
    settings: Settings,
    clock: TestClock,
    gateway: Receiver,
    postbox: Postbox,
) -> AsyncIterator[Desk]:
    """The worker's lanes for one practice, whose client gets all text messages."""
    made = Desk(Scenario(world, clock), engine, settings, clock, gateway, postbox)
    await made.agree()
    yield made
    await made.close()
