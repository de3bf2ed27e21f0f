"""A real HTTP receiver on loopback that keeps the requests it receives."""

import asyncio
from asyncio import AbstractServer, StreamReader, StreamWriter
from dataclasses import dataclass
from http import HTTPStatus
from ssl import SSLContext

from tests.patience import PATIENCE_SECONDS


@dataclass(frozen=True)
class Received:
    """One request, with header names in lower case."""

    line: str
    headers: dict[str, str]
    body: str


class Receiver:
    """Answers every request with `status`, or closes the connection; waits for `go_on` if given.

    `answered` holds the requests answered while the sender was connected, with the status.
    """

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.answered: list[tuple[int, Received]] = []
        self.status = 204
        self.hangs_up = False
        self.go_on: asyncio.Event | None = None
        self.port = 0
        self.tls: SSLContext | None = None
        self._arrival = asyncio.Condition()
        self._server: AbstractServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hooks?of=reslot"

    async def open(self) -> None:
        self._server = await asyncio.start_server(
            self._answer, "127.0.0.1", self.port, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def wait_for(self, count: int) -> None:
        """Wait until this many requests have arrived."""
        async with asyncio.timeout(PATIENCE_SECONDS), self._arrival:
            await self._arrival.wait_for(lambda: len(self.received) >= count)

    async def _answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().splitlines()
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])
        }
        body = (await reader.readexactly(int(headers["content-length"]))).decode()
        received = Received(head[0], headers, body)
        async with self._arrival:
            self.received.append(received)
            self._arrival.notify_all()
        if self.go_on is not None:
            await self.go_on.wait()
        if self.hangs_up:
            writer.close()
            return
        if not reader.at_eof():
            self.answered.append((self.status, received))
        reason = HTTPStatus(self.status).phrase
        answer = f"HTTP/1.1 {self.status} {reason}\r\nLocation: {self.url}\r\nConnection: close\r\n"
        writer.write(f"{answer}Content-Length: 13\r\n\r\nsecret answer".encode())
        writer.close()
