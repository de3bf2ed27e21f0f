"""A real server on loopback, and Debian's Chromium as its browser."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack

import httpx
import pytest
import uvicorn
from playwright.async_api import Browser, async_playwright, expect
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.application import application
from tests.patience import PATIENCE_SECONDS
from tests.portal.front_door import FrontDoor
from tests.portal.postman import Postman
from tests.portal.visitor import Visitor, arrive
from tests.world import Api, TestClock, World

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that need a browser, so that `make test` leaves them to `make test-portal`."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


@pytest.fixture
def isolation() -> str:
    """These tests run alone: the sign-in searches all practices for the client."""
    return "alone"


@pytest.fixture
async def site(settings: Settings, clock: TestClock) -> AsyncIterator[Settings]:
    """Serve API and portal on a free port, which the settings name."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        here = {"public_url": url, "portal_url": f"{url}/portal/"}
        settings = settings.model_copy(update=here)
        app = stack.enter_context(application(settings, clock))
        # Without uvicorn's Date header: it would tell the page that the test's clock is wrong.
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        running = asyncio.create_task(server.serve(sockets=[listener]))
        while not server.started:  # noqa: ASYNC110 - it has nothing else to wait for
            await asyncio.sleep(0.01)
        yield settings
        server.should_exit = True
        await running


@pytest.fixture
async def world(engine: AsyncEngine, site: Settings) -> World:
    """A practice with one record of each kind."""
    return await World(engine, site).build()


@pytest.fixture
def postman(engine: AsyncEngine, site: Settings, world: World, clock: TestClock) -> Postman:
    """Delivers the mails."""
    return Postman(engine, site, world, clock)


@pytest.fixture
async def staff(site: Settings, world: World, clock: TestClock) -> AsyncIterator[Api]:
    """The practice's software, which calls the same server."""
    async with httpx.AsyncClient(timeout=PATIENCE_SECONDS, base_url=site.public_url) as http:
        yield Api(http, clock).signed_in(await world.key())


@pytest.fixture(scope="session")
def browser_path() -> str:
    """Find the browser: the headless shell is by a third faster. CI must have one."""
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is not None:
        return found
    words = "no Chromium is installed (Debian: apt-get install chromium-headless-shell)"
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        pytest.fail(words)
    pytest.skip(words)


@pytest.fixture(scope="session")
async def browser(browser_path: str) -> AsyncIterator[Browser]:
    """Start this process's browser. Each visitor has a separate browser context."""
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=browser_path, args=FLAGS)
        yield started
        await started.close()


@pytest.fixture
async def ana(
    browser: Browser, site: Settings, world: World, clock: TestClock
) -> AsyncIterator[Visitor]:
    """The world's client, with a browser."""
    async with arrive(browser, site, world, clock) as visitor:
        yield visitor


@pytest.fixture
def door(ana: Visitor, postman: Postman) -> FrontDoor:
    """The client's sign-in."""
    return FrontDoor(ana, postman)
