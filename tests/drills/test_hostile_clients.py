"""Hostile clients against real server processes, while other clients use the service."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.configuration.settings import Settings
from tests.drills.hostile import (
    CHUNKED,
    HOST,
    HUNDRED_MEGABYTES,
    LOOK,
    MALFORMED,
    OPEN,
    PIECE,
    deep_json,
    drip,
    first_line,
    is_refused,
    never_read,
    pour,
    refused,
)
from tests.drills.proxy import NGINX, proxy
from tests.drills.report import Row
from tests.drills.service import Service
from tests.drills.traffic import Traffic, Visitor, add_visitors, traffic
from tests.world import World

T = TypeVar("T")

MOST_GROWTH = 50 * 1024 * 1024
POLL_SECONDS = 0.2
DRIPPING = 25
SILENT = 50
NOT_READING = 20
POURING = 10
FLOODING = 20
# As docs/how-to/nginx.md configures it.
CONNECTIONS_OF_AN_ADDRESS = 30

STRANGER = "127.0.0.2"
ASKED = b"GET /docs-assets/swagger-ui-bundle.js HTTP/1.1\r\n" + HOST + b"\r\n"
NOT_FOUND = b"HTTP/1.1 404 Not Found"


@pytest.fixture
async def world(engine: AsyncEngine, settings: Settings) -> World:
    """A practice."""
    return await World(engine, settings).build(reminder_minutes=[])


@pytest.fixture
async def visitors(world: World) -> list[Visitor]:
    """Its ordinary clients."""
    return await add_visitors(world)


@pytest.fixture
async def environment(settings: Settings) -> dict[str, str]:
    """What an operator sets."""
    return {"DATABASE_URL": settings.service_url, "SECRET_KEYS": settings.keys[0]}


@asynccontextmanager
async def running(
    environment: dict[str, str], folder: Path, servers: int
) -> AsyncIterator[Service]:
    """Serve, and check the logs at the end: no request causes a defect."""
    service = Service(environment, folder, servers=servers)
    try:
        await service.start()
        yield service
    finally:
        await service.stop()
    log = (folder / "serve.log").read_text()
    assert '"event":"request"' in log
    for sign in ("Traceback", "internal_error", '"status":5', "Exception in ASGI"):
        assert sign not in log, re.findall(f".*{sign}.*", log)[:3]


class Memory:
    """The resident memory of the server processes, in bytes: at first, and at the maximum."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.first = self.most = self._now()

    def _now(self) -> int:
        pages = [Path(f"/proc/{pid}/status").read_text() for pid in self._service.server_pids()]
        found = [re.search(r"VmRSS:\s+(\d+) kB", page) for page in pages]
        assert found
        return sum(1024 * int(match[1]) for match in found if match)

    async def watch(self) -> None:
        """Measure repeatedly, until cancelled."""
        while True:
            self.most = max(self.most, self._now())
            await asyncio.sleep(POLL_SECONDS)

    @property
    def growth(self) -> int:
        return self.most - self.first


@pytest.mark.slow
async def test_a_malformed_request_gets_a_clear_refusal(
    environment: dict[str, str], world: World, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    good = LOOK + b"Authorization: Bearer %s\r\n" % world.token().encode()
    shapes = MALFORMED | {
        "100,000 arrays in arrays": deep_json(await world.key()),
        "a long header of somebody signed in": good + b"X: %s\r\n\r\n" % PIECE,
    }
    async with running(environment, tmp_path, 1) as service:
        for name, request in shapes.items():
            with subtests.test(name):
                async with asyncio.timeout(20):
                    assert is_refused(await first_line(service.port, request))
        assert await first_line(service.port, good + b"\r\n") == b"HTTP/1.1 200 OK"


async def flood(port: int, token: str, source: str = "127.0.0.1") -> int:
    """Send oversized requests of every kind; return the number of refusals."""
    bearer = b"Authorization: Bearer %s\r\n" % token.encode()
    # No single chunk is too large: the server has to add up their sizes.
    chunk = b"%x\r\n%s\r\n" % (len(PIECE), PIECE)
    length = b"Content-Length: %d\r\n\r\n" % HUNDRED_MEGABYTES
    poured = await asyncio.gather(
        *(
            pour(port, begun, piece, source)
            for _ in range(POURING)
            for begun, piece in (
                (OPEN + length, PIECE),
                (OPEN + CHUNKED, chunk),
                (OPEN + bearer + length, PIECE),
                (OPEN + bearer + CHUNKED, chunk),
                (LOOK + b"X: ", PIECE),
                (LOOK, b"X: a\r\n" * 10_000),
                (b"GET /", PIECE),
            )
        )
    )
    lines = [first_line(port, request, source) for request in MALFORMED.values()]
    answered = [*poured, *await asyncio.gather(*lines)]
    return refused(answered)


async def ask_without_end(port: int) -> int:
    """Send requests without reading responses; return the number of closed connections."""
    many = b"GET /healthz HTTP/1.1\r\n\r\n" * 5000
    return refused(await asyncio.gather(*(pour(port, b"", many) for _ in range(FLOODING))))


async def be_slow(service: Service) -> int:
    """Send slow requests of every kind concurrently; return the number that the server ended."""
    port = service.port
    length = b"Content-Length: 1000\r\n\r\n"
    unread = asyncio.gather(*(never_read(port, 16 * ASKED) for _ in range(NOT_READING)))
    ended = await asyncio.gather(
        *(drip(port, LOOK + b"X: ", b"a") for _ in range(DRIPPING)),
        *(drip(port, OPEN + length, b" ") for _ in range(DRIPPING)),
        *(drip(port, b"", b"") for _ in range(SILENT)),
    )
    assert refused(ended) == len(ended)
    return len(ended) + len(await unread)


@pytest.mark.drill
async def test_hostile_clients_are_refused_and_delay_nobody(
    environment: dict[str, str],
    world: World,
    visitors: list[Visitor],
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    async with (
        running(environment, tmp_path, 2) as service,
        traffic(service.url, visitors) as clients,
    ):
        # Twice: responses during the warm-up of the processes are discarded.
        await clients.goes_on("quiet")
        await clients.goes_on("quiet")
        watched = Memory(service)
        watching = asyncio.create_task(watched.watch())
        refused_ones = await meanwhile(clients, "flood", flood(service.port, world.token()))
        refused_ones += await meanwhile(clients, "pipelined", ask_without_end(service.port))
        ended = await meanwhile(clients, "slow", be_slow(service))
        watching.cancel()
    memory = f"{watched.growth / 1e6:.0f} MB more of {watched.first / 1e6:.0f} MB"
    tell(
        Row(
            drill="hostile clients",
            load=f"{len(visitors)} clients, {clients.figures()}",
            faults=f"{refused_ones} refused, {ended} cut off, {memory}",
            acknowledged=len(clients.changes),
            lost=0,
            doubled=0,
            worst=clients.worst,
        )
    )
    clients.keeps_its_pace()
    assert watched.growth < MOST_GROWTH


async def be_slow_to_the_proxy(port: int, log: Path) -> tuple[int, int]:
    """Send slowly from one address; return the numbers of cut-off and of excess connections."""
    length = b"Content-Length: 1000\r\n\r\n"
    bodies = [
        asyncio.create_task(drip(port, OPEN + length, b" ", STRANGER)) for _ in range(2 * DRIPPING)
    ]
    try:
        heads = [drip(port, LOOK + b"X: ", b"a", STRANGER) for _ in range(DRIPPING)]
        silent = [drip(port, b"", b"", STRANGER) for _ in range(SILENT)]
        unread = [never_read(port, 16 * ASKED, STRANGER) for _ in range(NOT_READING)]
        ended = await asyncio.gather(*heads, *silent)
        await asyncio.gather(*unread)
        too_many = [body.result() for body in bodies if body.done()]
    finally:
        for body in bodies:
            body.cancel()
        await asyncio.gather(*bodies, return_exceptions=True)
    # No slow request has reached the service, finished or not.
    assert "/v1/links/open" not in log.read_text()  # noqa: ASYNC240 - nobody waits for it
    assert all(answer.startswith(b"HTTP/1.1 429 ") for answer in too_many), too_many
    return refused(ended), len(too_many)


@pytest.mark.drill
@pytest.mark.skipif(NGINX is None, reason="needs nginx (Debian's package)")
async def test_the_proxy_of_the_readme_keeps_them_away(
    environment: dict[str, str],
    world: World,
    visitors: list[Visitor],
    tmp_path: Path,
    tell: Callable[[Row], None],
) -> None:
    async with (
        running(environment, tmp_path, 2) as service,
        proxy(service.port, tmp_path) as port,
        traffic(f"http://127.0.0.1:{port}", visitors) as clients,
    ):
        await clients.goes_on("quiet")
        await clients.goes_on("quiet")
        log = tmp_path / "serve.log"
        ended, too_many = await meanwhile(clients, "slow", be_slow_to_the_proxy(port, log))
        refused_ones = await meanwhile(clients, "flood", flood(port, world.token(), STRANGER))
        assert await first_line(port, b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n") == NOT_FOUND
    tell(
        Row(
            drill="hostile clients, nginx",
            load=f"{len(visitors)} clients, {clients.figures()}",
            faults=f"{refused_ones + too_many} refused, {ended} cut off",
            acknowledged=len(clients.changes),
            lost=0,
            doubled=0,
            worst=clients.worst,
        )
    )
    clients.keeps_its_pace()
    assert too_many == 2 * DRIPPING - CONNECTIONS_OF_AN_ADDRESS


async def meanwhile(clients: Traffic, phase: str, attack: Awaitable[T]) -> T:
    """Let the other clients continue until the attack ends, and return its result."""
    attacking = asyncio.ensure_future(attack)

    async def is_over() -> bool:
        return attacking.done()

    try:
        await clients.goes_on(phase, until=is_over)
        return await attacking
    finally:
        attacking.cancel()
