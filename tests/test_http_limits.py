"""Limits of one connection, with real sockets and the protocol class without a server process."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Any

import pytest
from uvicorn.config import Config
from uvicorn.server import ServerState

from app.operations.http_limits import MAX_HEAD_BYTES, MAX_WAITING_REQUESTS, LimitedHttp
from tests.patience import PATIENCE_SECONDS

Opener = Callable[[], AbstractAsyncContextManager[tuple[StreamReader, StreamWriter]]]

HEAD = b"POST / HTTP/1.1\r\nHost: reslot.example\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n"
# More than the kernel buffers for a caller who does not read.
LARGE = 32 * 1024 * 1024


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the length of the body, or with a large body; after a delay if one is given."""
    length, more, message = 0, True, {}
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    while scope["path"] == "/waits" and message["type"] != "http.disconnect":
        message = await receive()
    await asyncio.sleep(float(scope["query_string"] or 0))
    body = bytes(LARGE) if scope["path"] == "/large" else str(length).encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(
    protocol: type[LimitedHttp], *, keep_alive: int = 5
) -> AsyncIterator[tuple[Opener, set[Any]]]:
    """Serve on loopback; yield a function that connects, and the server's set of connections."""
    config = Config(
        echo,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        timeout_keep_alive=keep_alive,
    )
    state = ServerState()
    server = await asyncio.get_running_loop().create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    async with server, asyncio.timeout(PATIENCE_SECONDS):
        yield lambda: connection(port), state.connections
        await is_gone(state.connections)
        # The tasks of the application end too.
        await is_gone(state.tasks)


@asynccontextmanager
async def connection(port: int) -> AsyncIterator[tuple[StreamReader, StreamWriter]]:
    """Connect; at the end, abort the connection and discard unread and unsent data."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def has_come(connections: set[Any]) -> None:
    """Wait until the server has a connection."""
    while not connections:  # noqa: ASYNC110 - the server's set tells nobody
        await asyncio.sleep(0.01)


async def is_gone(connections: set[Any]) -> None:
    """Wait until the server has no connection any more."""
    while connections:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


class Hasty(LimitedHttp):
    """Cuts a slow caller off after 50 ms."""

    receive_seconds = 0.05
    read_seconds = 0.05


class Patient(LimitedHttp):
    """Gives a caller one second to read the response."""

    read_seconds = 1.0


class Buffering(Hasty):
    """Has a write buffer that never becomes full."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        super().connection_made(transport)
        transport.set_write_buffer_limits(high=2 * LARGE)


async def answer(reader: StreamReader) -> bytes:
    """Read one response, head and body, from a connection that may stay open."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def rest(reader: StreamReader) -> bytes:
    """Read until the connection is closed or reset."""
    read = b""
    with suppress(ConnectionError):
        while part := await reader.read(65536):
            read += part
    return read


@pytest.mark.parametrize("length", [0, 20_000])
async def test_the_size_of_each_head_is_counted_separately(length: int) -> None:
    head = HEAD + b"X: %s\r\nContent-Length: %d\r\n\r\n" % (b"a" * 3_000, length)
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        for _ in range(2 * MAX_HEAD_BYTES // len(head)):
            writer.write(head + b"b" * length)
            assert (await answer(reader)).endswith(b"\r\n\r\n%d" % length)


async def test_a_head_may_be_as_long_as_the_limit_however_it_arrives() -> None:
    padding = b"X: %s\r\n" % (b"a" * (MAX_HEAD_BYTES - 200))
    request = HEAD + padding + b"Content-Length: 200000\r\n\r\n" + b"b" * 200_000
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        for _ in range(2):
            for start in range(0, len(request), 10_000):
                writer.write(request[start : start + 10_000])
                await writer.drain()
            assert (await answer(reader)).endswith(b"\r\n\r\n200000")


@pytest.mark.parametrize(
    "head",
    [
        HEAD + b"X: " + b"a" * 2 * MAX_HEAD_BYTES,
        HEAD + b"X: a\r\n" * MAX_HEAD_BYTES,
        b"GET /" + b"a" * 2 * MAX_HEAD_BYTES,
        CHUNKED + b"0\r\nX: " + b"a" * 2 * MAX_HEAD_BYTES,
        CHUNKED + b"0\r\n" + b"X: a\r\n" * MAX_HEAD_BYTES,
        CHUNKED + b"1;a=" + b"a" * 2 * MAX_HEAD_BYTES,
    ],
    ids=["a header", "headers", "the address", "a trailer", "trailers", "a chunk's extension"],
)
async def test_a_head_without_end_is_refused(head: bytes) -> None:
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        writer.write(head)
        answered = await answer(reader)
        assert answered.startswith(b"HTTP/1.1 400 ")
        assert answered.endswith(b"Address and headers may have 32 KiB at most.")


async def test_invalid_http_is_refused_once(caplog: pytest.LogCaptureFixture) -> None:
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        writer.write(bytes(200_000))
        assert (await rest(reader)).count(b"HTTP/1.1 400 ") <= 1
    assert [record.message for record in caplog.records] == ["Invalid HTTP request received."]


async def test_a_request_names_one_host() -> None:
    head = b"GET / HTTP/1.1\r\nHost: one.example\r\nHost: %s.example\r\n\r\n"
    for second in (b"one", b"two"):
        async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
            writer.write(head % second)
            assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")


async def test_only_a_few_pipelined_requests_may_wait() -> None:
    request = HEAD + b"Content-Length: 0\r\n\r\n"
    async with served(LimitedHttp) as (connect, _):
        async with connect() as (reader, writer):
            for _ in range(2):
                writer.write(request * (MAX_WAITING_REQUESTS + 1))
                for _ in range(MAX_WAITING_REQUESTS + 1):
                    assert (await answer(reader)).startswith(b"HTTP/1.1 200 ")
        async with connect() as (reader, writer):
            writer.write(request * (MAX_WAITING_REQUESTS + 2))
            assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")
            assert await rest(reader) == b""


async def test_all_requests_of_a_connection_are_told_that_it_is_lost() -> None:
    request = HEAD.replace(b"/ ", b"/waits ") + b"Content-Length: 0\r\n\r\n"
    async with served(LimitedHttp) as (connect, connections), connect() as (_, writer):
        writer.write(3 * request)
        await has_come(connections)


@pytest.mark.parametrize(
    "begun",
    [b"", b"P", HEAD, HEAD + b"Content-Length: 100\r\n\r\nabc"],
    ids=["nothing", "a letter", "half a head", "half a body"],
)
async def test_a_caller_who_never_ends_a_request_is_cut_off(begun: bytes) -> None:
    async with served(Hasty) as (connect, _), connect() as (reader, writer):
        writer.write(begun)
        assert await rest(reader) == b""


async def test_sending_slowly_does_not_extend_the_time_limit() -> None:
    async with served(Hasty) as (connect, _), connect() as (reader, writer):
        writer.write(HEAD + b"Content-Length: 1000000\r\n\r\n")
        ended = asyncio.create_task(rest(reader))
        while not ended.done():
            writer.write(b"a")
            await asyncio.wait({ended}, timeout=0.01)


async def test_every_request_has_the_same_time_and_the_application_has_no_limit() -> None:
    async with served(Hasty) as (connect, _), connect() as (reader, writer):
        writer.write(HEAD.replace(b"/ ", b"/?0.15 ") + b"Content-Length: 1\r\n\r\na")
        assert (await answer(reader)).endswith(b"\r\n\r\n1")
        writer.write(HEAD)
        assert await rest(reader) == b""


@pytest.mark.slow
async def test_a_caller_who_reads_the_response_late_may_send_another_request() -> None:
    async with served(Patient) as (connect, _), connect() as (reader, writer):
        writer.write(HEAD.replace(b"/ ", b"/large ") + b"Content-Length: 0\r\n\r\n")
        assert len(await answer(reader)) > LARGE
        writer.write(HEAD.replace(b"/ ", b"/?1.2 ") + b"Content-Length: 1\r\n\r\na")
        assert (await answer(reader)).endswith(b"\r\n\r\n1")


@pytest.mark.parametrize("more", [b"", HEAD + b"Content-Length: 0\r\n\r\n"])
async def test_a_caller_who_never_reads_the_response_is_cut_off(more: bytes) -> None:
    async with served(Hasty) as (connect, connections), connect() as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined] # the one of a socket has it
        writer.write(HEAD.replace(b"/ ", b"/large ") + b"Content-Length: 0\r\n\r\n" + more)
        await has_come(connections)
        await is_gone(connections)


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"], ids=["idle", "closing"])
async def test_a_connection_that_is_closed_does_not_wait_for_its_reader(more: bytes) -> None:
    async with served(Buffering, keep_alive=0) as (connect, connections), connect() as (_, writer):
        writer.transport.pause_reading()  # type: ignore[attr-defined] # the one of a socket has it
        writer.write(HEAD.replace(b"/ ", b"/large ") + more + b"Content-Length: 0\r\n\r\n")
        await has_come(connections)
        await is_gone(connections)


H2C = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\nUpgrade: h2c\r\n"
WEBSOCKET = b"Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
UPGRADES = pytest.mark.parametrize("upgrade", [H2C, WEBSOCKET], ids=["h2c", "websocket"])
BODIES = [
    b"Content-Length: 4\r\n\r\nbody",
    b"Transfer-Encoding: chunked\r\n\r\n1\r\nb\r\n3\r\nody\r\n0\r\n\r\n",
]


@UPGRADES
@pytest.mark.parametrize("body", BODIES, ids=["length", "chunks"])
@pytest.mark.parametrize("size", [1, 2 * MAX_HEAD_BYTES], ids=["by byte", "at once"])
async def test_an_upgrade_is_ignored(
    upgrade: bytes, body: bytes, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    requests = 3 * (HEAD + upgrade + body) + HEAD + body
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        for start in range(0, len(requests), size):
            writer.write(requests[start : start + size])
            await writer.drain()
            await asyncio.sleep(0)
        for _ in range(4):
            assert (await answer(reader)).endswith(b"\r\n\r\n4")
    assert caplog.records == []


@UPGRADES
@pytest.mark.parametrize("body", BODIES, ids=["length", "chunks"])
@pytest.mark.parametrize(
    ("version", "more"), [(b"1.0", b""), (b"1.1", b"close, ")], ids=["HTTP/1.0", "close"]
)
async def test_an_upgrade_of_the_last_request_is_ignored(
    upgrade: bytes, body: bytes, version: bytes, more: bytes
) -> None:
    upgrade = upgrade.replace(b"keep-alive, ", b"").replace(b"Connection: ", b"Connection: " + more)
    request = HEAD.replace(b"/1.1", b"/" + version) + upgrade + body
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        writer.write(request)
        answered = await rest(reader)
        assert answered.startswith(b"HTTP/1.1 200 ")
        assert answered.endswith(b"\r\n\r\n4")


@UPGRADES
async def test_a_request_with_an_upgrade_has_the_same_limits(upgrade: bytes) -> None:
    padding = b"X: %s\r\n" % (b"a" * (MAX_HEAD_BYTES - 300))
    request = HEAD + padding + upgrade + BODIES[0]
    async with served(LimitedHttp) as (connect, _):
        async with connect() as (reader, writer):
            for _ in range(2):
                writer.write(request)
                assert (await answer(reader)).endswith(b"\r\n\r\n4")
        for refused in (
            HEAD + 2 * padding + upgrade + BODIES[0],
            HEAD + b"Host: two.example\r\n" + upgrade + BODIES[0],
        ):
            async with connect() as (reader, writer):
                writer.write(refused)
                assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")
        async with connect() as (reader, writer):
            writer.write((HEAD + upgrade + BODIES[0]) * (MAX_WAITING_REQUESTS + 2))
            assert (await answer(reader)).startswith(b"HTTP/1.1 400 ")
    async with served(Hasty) as (connect, _), connect() as (reader, writer):
        writer.write(HEAD + upgrade + b"Content-Length: 100\r\n\r\nabc")
        assert await rest(reader) == b""


async def test_a_client_that_asks_for_an_upgrade_may_wait_before_its_body() -> None:
    head = HEAD + H2C + b"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n"
    async with served(LimitedHttp) as (connect, _), connect() as (reader, writer):
        writer.write(head)
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await answer(reader)).endswith(b"\r\n\r\n4")
