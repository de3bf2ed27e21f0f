"""Waiting for other processes, which have no event to wait for."""

import asyncio
from collections.abc import Awaitable, Callable

POLL_SECONDS = 0.05


async def until(holds: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Wait until something holds.

    Raises:
        TimeoutError: it did not within so many seconds.
    """
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - another process has no event
            await asyncio.sleep(POLL_SECONDS)
