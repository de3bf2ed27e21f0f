"""Sends requests as a well-behaved client does, and records the responses."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from random import Random

from httpx import AsyncBaseTransport, AsyncClient, Limits, Response, Timeout, TransportError

from tests.drills.ledger import Answer, Entry

SECONDS = 30.0
MOST_TRIES = 400
# Well below the server's own limit, so that no request meets a connection that is being closed.
IDLE_SECONDS = 2.0
# The clients use plain HTTP, and creating an SSL context is the slowest part of a client.
_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def speaker(url: str, transport: AsyncBaseTransport | None = None) -> AsyncClient:
    """Make the HTTP client of one person, with its own connection."""
    limits = Limits(max_connections=1, keepalive_expiry=IDLE_SECONDS)
    return AsyncClient(
        base_url=url,
        limits=limits,
        timeout=Timeout(SECONDS),
        trust_env=False,
        verify=_TLS,
        transport=transport,
    )


@asynccontextmanager
async def speakers(
    url: str, count: int, transport: AsyncBaseTransport | None = None
) -> AsyncIterator[list[AsyncClient]]:
    """Make many HTTP clients. A shared one would search all connections for each request."""
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(speaker(url, transport)) for _ in range(count)]


async def settle(http: AsyncClient, entry: Entry, token: str, random: Random) -> None:
    """Send a command with one key until its outcome is known, as a well-behaved client does."""
    for _ in range(MOST_TRIES):
        answer = await exchange(http, entry.method, entry.path, token, entry)
        entry.answers.append(answer)
        if answer.settles:
            return
        await pause(random)


async def pause(random: Random) -> None:
    """Wait for less than `Retry-After`, so that errors in the meantime are seen."""
    await asyncio.sleep(random.uniform(0.05, 0.3))


async def exchange(
    http: AsyncClient, method: str, path: str, token: str, entry: Entry | None = None
) -> Answer:
    """Send one request, and return the response, or that there was none."""
    headers = {"Authorization": f"Bearer {token}"}
    body = None
    if entry is not None:
        headers |= {"Content-Type": "application/json", "Idempotency-Key": entry.key}
        body = entry.body
    began = time.perf_counter()
    try:
        answer = await http.request(method, path, headers=headers, content=body)
    except TransportError as error:
        return Answer(began, time.perf_counter() - began, None, error=type(error).__name__)
    return _as_answer(answer, began, time.perf_counter() - began)


def _as_answer(answer: Response, began: float, seconds: float) -> Answer:
    return Answer(
        sent_at=began,
        seconds=seconds,
        status=answer.status_code,
        body=answer.content,
        etag=answer.headers.get("ETag"),
        code=answer.json()["code"] if _is_problem(answer) else None,
        replayed=answer.headers.get("Idempotency-Replayed") == "true",
        retry_after=answer.headers.get("Retry-After"),
    )


def _is_problem(answer: Response) -> bool:
    return bool(answer.headers.get("Content-Type") == "application/problem+json")
