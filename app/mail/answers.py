"""Limits how long the answers of a mail server to contents are waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A server may check the content for minutes before it answers (RFC 5321, 4.5.3.2.6, asks for ten).
# The database ends the transaction that sends the mail after five minutes (`allow_outside_wait`),
# which include the replies before: at most ten seconds each.
ANSWER_SECONDS = 180.0


class Answers:
    """The waits for answers to contents. Their limit can change while they last."""

    def __init__(self) -> None:
        self._seconds = ANSWER_SECONDS
        self._waits: set[asyncio.Timeout] = set()

    def limit(self, seconds: float | None) -> None:
        """Wait so long at most: from now on those that wait, and all later ones. None: as usual."""
        self._seconds = ANSWER_SECONDS if seconds is None else seconds
        latest = asyncio.get_running_loop().time() + self._seconds
        for wait in self._waits:
            end = wait.when()
            if end is not None and latest < end and not wait.expired():
                wait.reschedule(latest)

    @asynccontextmanager
    async def wait(self) -> AsyncIterator[None]:
        """Limit the block.

        Raises:
            TimeoutError: it took too long.
        """
        async with asyncio.timeout(self._seconds) as wait:
            self._waits.add(wait)
            try:
                yield
            finally:
                self._waits.discard(wait)
