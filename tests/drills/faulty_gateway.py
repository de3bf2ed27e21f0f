"""A gateway of text messages that hangs, refuses, hangs up after accepting, and fails."""

import asyncio
import json
from asyncio import AbstractServer, StreamReader, StreamWriter
from collections import Counter, defaultdict
from contextlib import suppress
from random import Random

SLOW_SECONDS = 0.05
# How often each fault is met, in hundred requests. Those left over are accepted.
FAULTS = {"hangs": 3, "refuses": 7, "hangs up": 15, "fails": 25}


class FaultyGateway:
    """Keeps what it accepts, by the id of the message.

    `texts` has the different texts that an id came with, `refused` the ids that it will never take.
    Of those in `unconfirmed` the sender does not know that they were accepted. `met` counts faults.
    """

    def __init__(self, random: Random) -> None:
        self.accepted: Counter[str] = Counter()
        self.texts: defaultdict[str, set[str]] = defaultdict(set)
        self.refused: set[str] = set()
        self.unconfirmed: set[str] = set()
        self.met: Counter[str] = Counter()
        self.arrived = 0
        self.port = 0
        self._random = random
        self._mended = asyncio.Event()
        self._server: AbstractServer | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/send"

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        self.mend()
        assert self._server is not None
        self._server.close()
        await self._server.wait_closed()

    def mend(self) -> None:
        """Accept everything from now on, and give up what hangs."""
        self._mended.set()

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        # A worker that is killed ends its connections without a word.
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r")[0])
            message = json.loads(await reader.readexactly(length))
            self.arrived += 1
            status = await self._take(message["id"], message["text"])
            if status is not None:
                answer = f"HTTP/1.1 {status} -\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                writer.write(answer.encode())
                await writer.drain()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    async def _take(self, message_id: str, text: str) -> int | None:
        """Take a message, and return the status of the answer; None: there is no answer."""
        self.texts[message_id].add(text)
        fault = None if self._mended.is_set() else self._fault()
        if fault is not None:
            self.met[fault] += 1
        match fault:
            case "hangs":
                await self._mended.wait()
                return None
            case "refuses":
                self.refused.add(message_id)
                return 422
            case "fails":
                return 500
        self.accepted[message_id] += 1
        if fault == "hangs up":
            self.unconfirmed.add(message_id)
            return None
        # Some time in which the worker can be killed.
        await asyncio.sleep(SLOW_SECONDS)
        return 202

    def _fault(self) -> str | None:
        kinds = [*FAULTS, None]
        weights = [*FAULTS.values(), 100 - sum(FAULTS.values())]
        return self._random.choices(kinds, weights)[0]
