"""Clients and staff who act at random on the same sessions, and retry until an outcome is known."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from httpx import AsyncBaseTransport

from tests.drills.ledger import Ledger
from tests.drills.load_waiting import Actor
from tests.drills.scene import Scene
from tests.drills.speaking import speakers


@dataclass
class Load:
    """The state that actors share: the known sessions, dates, seats, groups and move requests.

    They book within `days` days from the day after tomorrow. `thinking` is the longest pause
    between two commands, in seconds. Without a `transport`, requests go over the network. `work`
    does what a worker repeats, where the load runs without one. Only the first `acting` clients
    act, if that is set: with one, the same seed makes the same load. `left_out` are
    actions that are not among the random ones, and `last` a client's last actions.
    """

    url: str
    scene: Scene
    seed: int
    thinking: float = 0
    days: int = 6
    transport: AsyncBaseTransport | None = None
    work: Callable[[], Awaitable[None]] | None = None
    acting: int | None = None
    left_out: Sequence[str] = ()
    last: Sequence[str] = ()
    ledger: Ledger = field(default_factory=Ledger)
    sessions: dict[UUID, list[str]] = field(default_factory=dict)
    dates: dict[UUID, list[str]] = field(default_factory=dict)
    seats: dict[UUID, list[str]] = field(default_factory=dict)
    groups: list[str] = field(default_factory=list)
    asked: dict[str, list[str]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    first: datetime = field(init=False)

    def __post_init__(self) -> None:
        midnight = self.scene.opened_at.replace(hour=0, minute=0, second=0, microsecond=0)
        self.first = midnight + timedelta(days=2)

    async def run(self, go_on: Callable[[], bool]) -> None:
        """Let all actors book some sessions, and then act while `go_on` returns true."""
        people = self.scene.people[: self.acting]
        async with (
            speakers(self.url, len(people), self.transport) as crowd,
            asyncio.TaskGroup() as tasks,
        ):
            for number, (person, http) in enumerate(zip(people, crowd, strict=True)):
                random = Random(f"{self.seed}-{number}")  # noqa: S311 - the same each time
                tasks.create_task(Actor(self, person, http, random).act(go_on))


def counted(commands: int) -> Callable[[], bool]:
    """Continue for this many commands of all actors together."""
    left: Iterator[int] = iter(range(commands))
    return lambda: next(left, None) is not None
