"""Hostile clients: what they send, and the responses they get."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress

DRIP_SECONDS = 1.0
PIECE = b"a" * 65536
HUNDRED_MEGABYTES = 100 * 1024 * 1024

HOST = b"Host: reslot.example\r\n"
JSON = b"Content-Type: application/json\r\n"
OPEN = b"POST /v1/links/open HTTP/1.1\r\n" + HOST + JSON
LOOK = b"GET /v1/sessions HTTP/1.1\r\n" + HOST
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"

MALFORMED: dict[str, bytes] = {
    "both lengths": OPEN + b"Content-Length: 4\r\n" + CHUNKED + b"2\r\n{}\r\n0\r\n\r\n",
    "two lengths": OPEN + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "a negative length": OPEN + b"Content-Length: -2\r\n\r\n{}",
    "a length without end": OPEN + b"Content-Length: %s\r\n\r\n{}" % (b"9" * 5000),
    "an unknown encoding": OPEN + b"Transfer-Encoding: xchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "an encoding spelled with a space": OPEN + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a chunk's size that is none": OPEN + CHUNKED + b"ZZ\r\n{}\r\n0\r\n\r\n",
    "a chunk's size of 68 bits": OPEN + CHUNKED + b"FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
    "a folded header": LOOK + b"X: a\r\n b\r\n\r\n",
    "lines without a carriage return": b"GET /v1/sessions HTTP/1.1\nHost: a\n\n",
    "NUL in a header": LOOK + b"X: a\x00b\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(300),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "bad UTF-8 in the path": b"GET /v1/sessions/\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad UTF-8 in the query": b"GET /v1/me?a=%ff%fe%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad UTF-8 in a token": LOOK + b"Authorization: Bearer \xff\xfe\r\n\r\n",
    "bad UTF-8 in a body": OPEN + b'Content-Length: 14\r\n\r\n{"token":"\xff\xfe"}',
    "arrays in arrays": OPEN + b"Content-Length: 60000\r\n\r\n" + b"[" * 60_000,
    "a number of 60,000 digits": OPEN + b"Content-Length: 60000\r\n\r\n" + b"9" * 60_000,
    "a deep query": b"GET /v1/sessions?%s=1 HTTP/1.1\r\n" % (b"a[b]" * 5000) + HOST + b"\r\n",
    "10,000 headers": LOOK + b"".join(b"X-%d: aaaa\r\n" % n for n in range(10_000)) + b"\r\n",
    "10,000 hops": LOOK + b"X-Forwarded-For: %s\r\n\r\n" % (b"1.1.1.1, " * 10_000),
    "a token of a megabyte": LOOK + b"Authorization: Bearer %s\r\n\r\n" % (PIECE * 16),
    "an address of a megabyte": b"GET /%s HTTP/1.1\r\n" % (PIECE * 16) + HOST + b"\r\n",
}


def deep_json(key: str) -> bytes:
    """Build 100,000 nested JSON arrays, for an operation of the practice's software."""
    head = (
        b"PUT /v1/practice/services/by-ref/deep HTTP/1.1\r\nAuthorization: Bearer " + key.encode()
    )
    body = b"[" * 100_000 + b"]" * 100_000
    return head + b"\r\n" + HOST + JSON + b"Content-Length: %d\r\n\r\n" % len(body) + body


@asynccontextmanager
async def connection(
    port: int, source: str = "127.0.0.1"
) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """Connect from an address, and drop unread and unwritten data at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def rest(reader: StreamReader) -> bytes:
    """Read until the connection is closed or reset."""
    read = b""
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            read += part
    return read


async def first_line(port: int, request: bytes, source: str = "127.0.0.1") -> bytes:
    """Send a request, and return the first line of the response, or nothing if there is none."""
    async with connection(port, source) as (reader, writer):
        writer.write(request)
        with suppress(ConnectionError):
            return (await reader.readline()).rstrip()
    return b""


async def drip(port: int, begun: bytes, drop: bytes, source: str = "127.0.0.1") -> bytes:
    """Send a request at a byte per second until the server ends it. Return the response."""
    async with connection(port, source) as (reader, writer):
        writer.write(begun)
        answer = asyncio.create_task(rest(reader))
        while not answer.done():
            writer.write(drop)
            await asyncio.wait({answer}, timeout=DRIP_SECONDS)
        return answer.result()


async def pour(port: int, begun: bytes, piece: bytes, source: str = "127.0.0.1") -> bytes:
    """Send up to 100 MB as fast as possible, and return the first line of the response.

    Raises:
        AssertionError: everything was accepted before there was a response.
    """
    async with connection(port, source) as (reader, writer):
        writer.write(begun)
        answer = asyncio.create_task(reader.readline())
        with suppress(ConnectionError):
            for _ in range(HUNDRED_MEGABYTES // len(piece)):
                if answer.done():
                    break
                writer.write(piece)
                await writer.drain()
            else:
                raise AssertionError("100 MB were taken")
        with suppress(ConnectionError):
            return (await answer).rstrip()
    return b""


async def never_read(port: int, requests: bytes, source: str = "127.0.0.1") -> None:
    """Send requests without reading responses, until the server closes the connection."""
    async with connection(port, source) as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined] # the one of a socket has it
        writer.write(requests)
        # A client that reads nothing learns of it only when it writes.
        with suppress(ConnectionError):
            while not writer.transport.is_closing():
                await asyncio.sleep(DRIP_SECONDS)
                writer.write(b"a")
                await writer.drain()


def is_refused(line: bytes) -> bool:
    """Tell whether this is a clear refusal, or the connection was closed.

    RFC 9112 requires 501 and 505 for unknown encodings and versions.
    """
    return line == b"" or line.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501 ", b"HTTP/1.1 505 "))


def refused(lines: Iterable[bytes]) -> int:
    """Count the clear refusals, and check that there is no other response."""
    found = list(lines)
    assert all(is_refused(line) for line in found), found
    return len(found)
