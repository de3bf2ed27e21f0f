"""Reads the end of another server's answer, of which only the status counts."""

import asyncio
from contextlib import suppress

import httpcore2

# A connection is not kept if the body of the answer is longer or comes later.
MAX_BODY = 16 * 1024
BODY_SECONDS = 0.5


async def read_to_end(answer: httpcore2.Response) -> None:
    """Read a short body, so that the connection can be kept. Else the library closes it."""
    length = 0
    with suppress(TimeoutError, OSError, httpcore2.NetworkError, httpcore2.ProtocolError):
        async with asyncio.timeout(BODY_SECONDS):
            async for chunk in answer.aiter_stream():
                length += len(chunk)
                if length > MAX_BODY:
                    return
