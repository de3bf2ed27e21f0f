"""What a worker repeats for those who wait, run by a load that has no worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from app.clock import Clock
from app.database.engine import brief_engine
from app.fees.announcing import announce_fees
from app.waitlist.tasks import run_waitlists


@asynccontextmanager
async def waiting_work(
    url: str, clock: Clock, undo: timedelta
) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """Make the worker's tasks for waitlists and fees; each call does what is due, once.

    A call while another one runs does nothing, since a worker runs each task once at a time.
    """
    running = asyncio.Lock()
    async with brief_engine(url) as engine:

        async def work() -> None:
            if running.locked():
                return
            async with running:
                await run_waitlists(engine, clock(), undo=undo)
                await announce_fees(engine, clock())

        yield work
