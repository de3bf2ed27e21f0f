"""Measures processor time, which the machine's other work changes less than rates."""

import os
from pathlib import Path
from statistics import median

import asyncpg

from tests.bench.load import Measured
from tests.bench.subjects import Window

_TICKS = os.sysconf("SC_CLK_TCK")


class Counted:
    """A window whose processes are asked for their processor time before and after."""

    def __init__(self, window: Window, roots: list[int], count: int) -> None:
        self._window = window
        self._roots = roots
        self._count = count
        self._costs: list[float] = []

    async def __call__(self) -> Measured:
        """Measure once."""
        before = used(self._roots)
        found = await self._window()
        self._costs.append((used(self._roots) - before) / self._count)
        return found

    @property
    def milliseconds(self) -> float:
        """Return the processor time of one of `count` things; the first of several is a warm-up."""
        return median(self._costs[1:] or self._costs) * 1000


def used(roots: list[int]) -> float:
    """Return the seconds that these processes, and all that they started, have used so far."""
    return sum(_ticks(root) for root in roots) / _TICKS


async def postmaster(url: str) -> int:
    """Return the id of the process that starts the backends of a local server."""
    db = await asyncpg.connect(url)
    try:
        backend: int = await db.fetchval("SELECT pg_backend_pid()")
        return int(_fields(backend)[1])
    finally:
        await db.close()


def _ticks(pid: int) -> int:
    try:
        # User and system time, also of children that have ended.
        own = sum(int(field) for field in _fields(pid)[11:15])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except FileNotFoundError:  # it has just ended
        return 0
    return own + sum(_ticks(int(child)) for child in children)


def _fields(pid: int) -> list[str]:
    """Return the fields of a process after its name, which is in brackets."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
