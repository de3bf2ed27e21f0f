"""A load generator for HTTP requests over persistent connections, with minimal work of its own.

It shares the machine's two cores with what it measures, so it parses only the status and the end
of a response, and looks for one part of the body.
"""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

CONNECTIONS = 16
PATIENCE_SECONDS = 120
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "


@dataclass(frozen=True, slots=True)
class Measured:
    """The result of a load: requests per second, and the seconds of each request, sorted."""

    rate: float
    seconds: list[float]

    def percentile(self, share: float) -> float:
        """Return the seconds within which this share of the requests was answered."""
        return self.seconds[min(len(self.seconds) - 1, int(share * len(self.seconds)))]


@dataclass(frozen=True, slots=True)
class Expected:
    """What every response must have: this status, and this part of its body."""

    status: int = 200
    part: bytes = b""


OK = Expected()


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the last one is answered, or after a pause."""

    def __init__(
        self,
        requests: Iterator[bytes],
        seconds: list[float],
        *,
        pause: float,
        expected: Expected,
    ) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._seconds = seconds
        self._pause = pause
        self._status = f"HTTP/1.1 {expected.status} ".encode()
        self._part = expected.part
        self._answer = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's transport is not a subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, rest = self._answer.partition(_END_OF_HEAD)
        if not found:
            return
        lowered = head.lower()
        start = lowered.index(_LENGTH) + len(_LENGTH)
        length = int(lowered[start:].partition(b"\r\n")[0])
        if len(rest) < length:
            return
        self._seconds.append(time.perf_counter() - self._sent)
        if not head.startswith(self._status) or self._part not in rest:
            self._fail(AssertionError((head + _END_OF_HEAD + rest).decode()[:2000]))
            return
        self._answer = b""
        if self._pause:
            asyncio.get_running_loop().call_later(self._pause, self._send)
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)

    def _fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)
            self._transport.close()


async def load(
    port: int,
    requests: Sequence[bytes],
    connections: int = CONNECTIONS,
    *,
    expected: Expected = OK,
    patience: float = PATIENCE_SECONDS,
    pause: float = 0,
) -> Measured:
    """Send the requests in their order over this number of connections, and measure.

    Each connection waits `pause` seconds after an answer.

    Raises:
        AssertionError: a response was not as expected.
        TimeoutError: the last response did not come within that many seconds.
    """
    loop = asyncio.get_running_loop()
    following = iter(requests)
    seconds: list[float] = []
    began = time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Connection(following, seconds, pause=pause, expected=expected),
            "127.0.0.1",
            port,
        )
        for _ in range(connections)
    ]
    async with asyncio.timeout(patience):
        await asyncio.gather(*(connection.done for _, connection in made))
    took = time.perf_counter() - began
    assert len(seconds) == len(requests)
    return Measured(len(requests) / took, sorted(seconds))


def get(path: str, token: str) -> bytes:
    """Build a GET request."""
    return request("GET", path, {"Accept": "application/json", "Authorization": f"Bearer {token}"})


def post(path: str, token: str, body: str, key: str) -> bytes:
    """Build a POST request with an idempotency key."""
    return request("POST", path, _with_body(token) | {"Idempotency-Key": key}, body)


def put(path: str, token: str, body: str) -> bytes:
    """Build a PUT request."""
    return request("PUT", path, _with_body(token), body)


def request(method: str, path: str, headers: Mapping[str, str], body: str = "") -> bytes:
    """Build a request; a body needs the header with its type."""
    length = {"Content-Length": str(len(body.encode()))} if body else {}
    lines = [f"{name}: {value}" for name, value in {**headers, **length}.items()]
    head = "\r\n".join([f"{method} {path} HTTP/1.1", "Host: reslot.test", *lines])
    return f"{head}\r\n\r\n{body}".encode()


def _with_body(token: str) -> dict[str, str]:
    return {
        "Accept": "application/json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
    }
