"""What tests of the API stand on."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.settings import Settings
from tests.world import Api, TestClock, World, serve


@pytest.fixture
async def world(engine: AsyncEngine, settings: Settings) -> World:
    """A practice with one of each."""
    return await World(engine, settings).build()


@pytest.fixture
def clock() -> TestClock:
    """A clock that stands at NOW until the test sets it."""
    return TestClock()


@pytest.fixture
async def api(
    settings: Settings, clock: TestClock, engine: AsyncEngine, world: World
) -> AsyncIterator[Api]:
    """The API, spoken to by the world's client."""
    async with serve(settings, clock, engine) as stranger:
        yield stranger.signed_in(world.token())


@pytest.fixture
async def stranger(api: Api) -> Api:
    """The API, spoken to by nobody in particular."""
    return api.signed_in(None)


@pytest.fixture
async def staff(api: Api, world: World) -> Api:
    """The API, spoken to by the practice's own software, with a key that may do everything."""
    return api.signed_in(await world.key())
