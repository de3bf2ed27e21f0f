"""Ordinary traffic: requests of clients during faults, and their response times."""

import asyncio
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import cycle
from time import perf_counter
from typing import Any
from uuid import UUID

from httpx import AsyncClient, AsyncHTTPTransport, Response

from app.clock import system_clock
from tests.world import REASON, World

VISITORS = 6
SESSIONS_OF_A_VISITOR = 6
LOOKS_BEFORE_A_MOVE = 19
MOVES_BEFORE_A_CANCELLATION = 6
PAUSE_SECONDS = 0.08
# The requests needed to evaluate a phase, and the time that a slow machine may take for them.
ENOUGH = 200
PATIENCE_SECONDS = 180
POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Visitor:
    """A client who reads their sessions, moves them back and forth, and sometimes cancels one.

    Each visitor has their own practitioner, so no two visitors compete for a time.
    """

    email: str
    practitioner_email: str
    token: str
    sessions: dict[UUID, datetime]


async def add_visitors(world: World) -> list[Visitor]:
    """Insert clients with booked sessions, a day between any two of them."""
    noon = system_clock().replace(hour=12, minute=0, second=0, microsecond=0)
    visitors = []
    for number in range(VISITORS):
        address = f"maya-{number}@harbor.example"
        practitioner_id = await world.add_practitioner(hours=False, email=address, time_zone="UTC")
        for weekday in range(1, 8):
            await world.add_hours(practitioner_id, weekday, 0, 24 * 60)
        client_id = await world.add_client(email=f"client-{number}@client.example")
        sessions = {}
        for day in range(2, 2 + SESSIONS_OF_A_VISITOR):
            start = noon + timedelta(days=day)
            session_id = await world.book(
                start, now=system_clock(), client_id=client_id, practitioner_id=practitioner_id
            )
            sessions[session_id] = start
        token = world.token(client_id)
        visitors.append(Visitor(f"client-{number}@client.example", address, token, sessions))
    return visitors


@dataclass
class Traffic:
    """The confirmed changes of the visitors, and the response times, by `phase`.

    `changes` are the confirmed ones, as session and version.
    """

    phase: str = "quiet"
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    changes: list[tuple[str, int]] = field(default_factory=list)
    stopping: bool = False

    async def goes_on(
        self,
        phase: str,
        *,
        until: Callable[[], Awaitable[bool]] | None = None,
        within: float = PATIENCE_SECONDS,
    ) -> None:
        """Continue until enough requests were made to evaluate them, and a condition is true."""
        self.phase = phase
        self.seconds[phase].clear()
        async with asyncio.timeout(within):
            while (  # noqa: ASYNC110 - no event signals the condition
                len(self.seconds[phase]) < ENOUGH or not (until is None or await until())
            ):
                await asyncio.sleep(POLL_SECONDS)

    def percentile(self, share: float, phase: str) -> float:
        """Return the response time of this percentile of a phase, in seconds."""
        ordered = sorted(self.seconds[phase])
        return ordered[math.ceil(share * len(ordered)) - 1]

    def figures(self) -> str:
        """Return the median and 99th percentile of each phase as text."""
        pairs = (
            "/".join(f"{1000 * self.percentile(share, phase):.0f}" for share in (0.5, 0.99))
            for phase in self.seconds
        )
        told = ", ".join(f"{phase} {pair}" for phase, pair in zip(self.seconds, pairs, strict=True))
        return f"p50/p99 in ms: {told}"

    def keeps_its_pace(self) -> None:
        """Compare each phase with the phase without faults of the same minute.

        A busy machine is slow in all phases; a request that waits for a mail server or behind an
        attacker waits for seconds.
        """
        for phase in self.seconds:
            p50, p99 = (self.percentile(share, phase) for share in (0.5, 0.99))
            quiet_p50, quiet_p99 = (self.percentile(share, "quiet") for share in (0.5, 0.99))
            assert p50 < max(0.150, 3 * quiet_p50), self.figures()
            assert p99 < max(0.500, 4 * quiet_p99), self.figures()

    @property
    def worst(self) -> float:
        """Return the longest response time, in seconds."""
        return max(max(seconds) for seconds in self.seconds.values())

    async def visit(self, http: AsyncClient, visitor: Visitor) -> None:
        """Read, move, read again, and so on; cancel a session that was moved often enough.

        A visitor who has cancelled all sessions only reads.
        """
        path = "/v1/sessions"
        for session_id, start in visitor.sessions.items():
            path = f"/v1/sessions/{session_id}"
            other = start + timedelta(hours=2)
            for move, target in enumerate(cycle((other, start))):
                for _ in range(LOOKS_BEFORE_A_MOVE):
                    if self.stopping:
                        return
                    await self._answer(http, "GET", path)
                if move == MOVES_BEFORE_A_CANCELLATION:
                    break
                body = {"start": target.isoformat(), "format": "video", "reason": REASON}
                await self._change(http, f"{path}/reschedule", body)
            await self._change(http, f"{path}/cancel", {"reason": REASON})
        while not self.stopping:
            await self._answer(http, "GET", path)

    async def _change(self, http: AsyncClient, path: str, body: Any) -> None:
        answer = await self._answer(http, "POST", path, json=body)
        session = answer.json()["session"]
        self.changes.append((session["id"], session["version"]))

    async def _answer(self, http: AsyncClient, method: str, path: str, **request: Any) -> Response:
        phase, began = self.phase, perf_counter()
        answer = await http.request(method, path, **request)
        self.seconds[phase].append(perf_counter() - began)
        assert answer.status_code == 200, answer.text
        # Clients pause between two requests; the drill is about faults, not about load.
        await asyncio.sleep(PAUSE_SECONDS)
        return answer


@asynccontextmanager
async def traffic(url: str, visitors: list[Visitor]) -> AsyncIterator[Traffic]:
    """Let all visitors send requests until the end, each from their own address.

    At the end, requests under way are completed.
    """
    made = Traffic()
    async with AsyncExitStack() as clients, asyncio.TaskGroup() as tasks:
        for number, visitor in enumerate(visitors, 1):
            client = AsyncClient(
                base_url=url,
                timeout=30,
                headers={"Authorization": f"Bearer {visitor.token}"},
                transport=AsyncHTTPTransport(local_address=f"127.0.1.{number}"),
            )
            http = await clients.enter_async_context(client)
            tasks.create_task(made.visit(http, visitor))
        yield made
        made.stopping = True
