"""An issuer's documents come from public addresses only, and are small."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from app.outbound.fetching import MAX_BYTES, Fetcher, FetchError

Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(answer: Answer) -> AsyncIterator[str]:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answer(writer)
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/document"


def writing(*parts: bytes) -> Answer:
    async def write(writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
        await writer.drain()

    return write


async def refusal(url: str, fetcher: Fetcher) -> str | None:
    try:
        await fetcher.fetch(url)
    except FetchError as error:
        return str(error)
    return None


def ok(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


async def test_a_document_is_read() -> None:
    async with serving(writing(ok(b'{"keys": []}'))) as url:
        assert await Fetcher(insecure=True).fetch(url) == {"keys": []}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n",
            "HTTP 302",
        ),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "HTTP 404"),
        (ok(b"<html>"), "NoJson"),
        (ok(b""), "NoJson"),
        (ok(b" " * MAX_BYTES + b"1"), "TooLarge"),
        (ok(b" " * (MAX_BYTES - 1) + b"1"), None),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", "BadAnswer"),
        (b"no HTTP\r\n\r\n", "BadAnswer"),
    ],
)
async def test_other_answers_are_refused(answer: bytes, why: str | None) -> None:
    async with serving(writing(answer)) as url:
        assert await refusal(url, Fetcher(insecure=True)) == why


async def test_an_endless_answer_ends_at_the_bound() -> None:
    async def pour(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(1000):
            writer.write(b" " * 1024)

    async with serving(pour) as url:
        assert await refusal(url, Fetcher(insecure=True)) == "TooLarge"


async def test_an_issuer_that_hangs_is_given_up() -> None:
    released = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await released.wait()

    async with serving(hang) as url:
        found = await refusal(url, Fetcher(insecure=True, timeout_seconds=0.05))
        released.set()
    assert found == "Timeout"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1"])
async def test_names_of_private_addresses_are_refused(address: str) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        return ["93.184.216.34", address]

    fetcher = Fetcher(insecure=False, resolve=resolve)
    assert await refusal("https://login.example/keys", fetcher) == "TargetRefused"


@pytest.mark.parametrize(
    "url", ["http://login.example/keys", "https://127.0.0.1/keys", "https://[::1]/", "file:///etc"]
)
async def test_other_targets_are_refused(url: str) -> None:
    assert await refusal(url, Fetcher(insecure=False)) == "TargetRefused"


async def test_a_closed_port_is_a_failed_connection() -> None:
    async with serving(writing(b"")) as url:
        pass
    assert await refusal(url, Fetcher(insecure=True)) == "ConnectionFailed"
