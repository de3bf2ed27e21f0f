"""A real server on loopback, called over many connections at the same time."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from httpx import AsyncClient, Limits, Timeout

from app.configuration.settings import Settings
from tests.application import application
from tests.fixtures.database import Isolation
from tests.world import Api, TestClock, World

POLL_SECONDS = 0.01
POLLS = 1000


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[str]:
    """Serve the application from a thread of its own, with a pool of ten connections."""
    with application(settings, TestClock()) as app, socket.socket() as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5)
        server = uvicorn.Server(config)
        listener.bind(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            for _ in range(POLLS):
                if server.started or not thread.is_alive():
                    break
                await asyncio.sleep(POLL_SECONDS)
            assert server.started
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await asyncio.to_thread(thread.join)


@pytest.fixture(scope="session")
async def shared_address(shared_settings: Settings) -> AsyncIterator[str]:
    """The server that all tests of this process share: it takes longer to end than to race."""
    async with served(shared_settings) as url:
        yield url


@pytest.fixture
async def own_address(settings: Settings) -> AsyncIterator[str]:
    """A server of the test's own database."""
    async with served(settings) as url:
        yield url


@pytest.fixture
def address(request: pytest.FixtureRequest, isolation: Isolation) -> str:
    """The address of a server of the test's database."""
    name = "shared_address" if isolation == "practice" else "own_address"
    return str(request.getfixturevalue(name))


@pytest.fixture
async def api(address: str, world: World) -> AsyncIterator[Api]:
    """The served API, called by the world's client over as many connections as necessary."""
    limits = Limits(max_connections=200, max_keepalive_connections=200)
    async with AsyncClient(base_url=address, limits=limits, timeout=Timeout(60)) as http:
        yield Api(http, TestClock()).signed_in(world.token())
