"""Waiting for something real: a socket, a process, a browser, rows of another process."""

import asyncio
from collections.abc import Awaitable, Callable

# Nothing takes this long normally. A busy machine was seen to pause for eight seconds.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05


async def until(
    holds: Callable[[], Awaitable[bool]],
    seconds: float = PATIENCE_SECONDS,
    pause: float = POLL_SECONDS,
) -> None:
    """Wait until a condition holds for which no event exists. Look again after each `pause`.

    Raises:
        TimeoutError: the condition did not hold within that many seconds.
    """
    async with asyncio.timeout(seconds):
        while not await holds():  # noqa: ASYNC110 - as the docstring says
            await asyncio.sleep(pause)
