"""Receives what workers send, as fast as it can: a mail server and an HTTP server on loopback.

It runs as a process of its own, so that it takes time from no worker's event loop. Its HTTP server
answers a GET with what has arrived; a DELETE also forgets it.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Literal, cast

import uvloop
from httpx import AsyncClient, TransportError

from tests.patience import until
from tests.ports import free_port

What = Literal["mails", "events"]

MAIL_PORT, HTTP_PORT = "BENCH_MAIL_PORT", "BENCH_HTTP_PORT"
_END_OF_MAIL = b"\r\n.\r\n"
_END_OF_HEAD = b"\r\n\r\n"
_MESSAGE_ID = b"\r\nMessage-ID: <"
_WEBHOOK_ID = b"\r\nwebhook-id: "
_LENGTH = b"\r\ncontent-length: "
_REPLIES = {b"DATA": b"354 Go on\r\n", b"QUIT": b"221 Bye\r\n"}


@dataclass(slots=True)
class _Arrivals:
    """When each mail or event arrived, by this process's clock, and its id."""

    instants: list[float] = field(default_factory=list)
    ids: set[bytes] = field(default_factory=set)
    connections: int = 0

    def add(self, id_: bytes) -> None:
        self.instants.append(time.monotonic())
        self.ids.add(id_)

    def forget(self) -> None:
        self.instants.clear()
        self.ids.clear()
        self.connections = 0


@dataclass(frozen=True, slots=True)
class Received:
    """How many have arrived, with how many different ids, over how many connections.

    `seconds` from the first to the last. `longest_gap`: the longest time without an arrival.
    """

    count: int
    distinct: int
    connections: int
    seconds: float
    longest_gap: float

    @property
    def rate(self) -> float:
        """Return how many arrived in a second, between the first and the last."""
        return (self.count - 1) / self.seconds


class _MailConnection(asyncio.Protocol):
    """Accepts every mail."""

    def __init__(self, arrivals: _Arrivals) -> None:
        self._arrivals = arrivals
        self._data = b""
        self._in_mail = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._arrivals.connections += 1
        self._transport.write(b"220 mail.bench ESMTP\r\n")

    def data_received(self, data: bytes) -> None:
        self._data += data
        while True:
            mark = _END_OF_MAIL if self._in_mail else b"\r\n"
            one, found, rest = self._data.partition(mark)
            if not found:
                return
            self._data = rest
            if self._in_mail:
                self._in_mail = False
                self._arrivals.add(one.partition(_MESSAGE_ID)[2].partition(b"@")[0])
                self._transport.write(b"250 OK\r\n")
                continue
            verb = one[:4].upper()
            self._in_mail = verb == b"DATA"
            self._transport.write(_REPLIES.get(verb, b"250 OK\r\n"))
            if verb == b"QUIT":
                self._transport.close()


class _HttpConnection(asyncio.Protocol):
    """Accepts every event; tells of `/mails` and `/events`."""

    def __init__(self, mails: _Arrivals, events: _Arrivals) -> None:
        self._figures = {b"/mails": mails, b"/events": events}
        self._events = events
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._data += data
        head, found, rest = self._data.partition(_END_OF_HEAD)
        if not found:
            return
        method, path, _ = head.split(b" ", 2)
        if method == b"POST":
            length = int(head.lower().partition(_LENGTH)[2].partition(b"\r\n")[0])
            if len(rest) < length:
                return
            self._events.add(head.partition(_WEBHOOK_ID)[2].partition(b"\r\n")[0])
            body = b""
        else:
            body = json.dumps(_figures(self._figures[path])).encode()
            if method == b"DELETE":
                self._figures[path].forget()
        self._data = b""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )


def _figures(arrivals: _Arrivals) -> dict[str, float]:
    instants = arrivals.instants
    return {
        "count": len(instants),
        "distinct": len(arrivals.ids),
        "connections": arrivals.connections,
        "seconds": instants[-1] - instants[0] if instants else 0.0,
        "longest_gap": max((two - one for one, two in pairwise(instants)), default=0.0),
    }


async def _receive() -> None:
    mails, events = _Arrivals(), _Arrivals()
    loop = asyncio.get_running_loop()
    of_mails, of_events = partial(_MailConnection, mails), partial(_HttpConnection, mails, events)
    await loop.create_server(of_mails, "127.0.0.1", int(os.environ[MAIL_PORT]))
    await loop.create_server(of_events, "127.0.0.1", int(os.environ[HTTP_PORT]))
    await asyncio.Event().wait()


class Receiver:
    """The process that receives. `smtp_url` and `url` are where it listens; `http` asks there."""

    def __init__(self, mail_port: int, http: AsyncClient) -> None:
        self.smtp_url = f"smtp://127.0.0.1:{mail_port}"
        self.url = str(http.base_url).rstrip("/")
        self._http = http

    async def received(self, what: What) -> Received:
        """Return what has arrived since it was last forgotten."""
        return await self._ask("GET", what)

    async def forget(self, what: What) -> None:
        """Begin to count anew."""
        await self._ask("DELETE", what)

    async def _ask(self, method: str, what: What) -> Received:
        return Received(**(await self._http.request(method, f"/{what}")).json())


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """Run the process for the duration of the block."""
    mail_port, http_port = free_port(), free_port()
    environment = {**os.environ, MAIL_PORT: str(mail_port), HTTP_PORT: str(http_port)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.receiving", env=environment
    )
    try:
        # One client for all questions: making one takes longer than many measured requests.
        async with AsyncClient(base_url=f"http://127.0.0.1:{http_port}") as http:
            receiver = Receiver(mail_port, http)
            await until(partial(_listens, receiver))
            yield receiver
    finally:
        process.terminate()
        await process.wait()


async def _listens(receiver: Receiver) -> bool:
    with suppress(TransportError):
        await receiver.forget("mails")
        return True
    return False


if __name__ == "__main__":
    uvloop.run(_receive())
