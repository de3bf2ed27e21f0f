"""Waiting for something real: a socket, a process, a browser, another one's rows."""

import asyncio
from collections.abc import Awaitable, Callable

# Nothing takes that long. A machine with other work on it was seen to stand still for eight.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until something holds that has no event to wait for.

    Raises:
        TimeoutError: it did not within so many seconds.
    """
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(POLL_SECONDS)
