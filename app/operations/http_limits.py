"""What one connection may take of a server process: uvicorn limits neither heads nor slowness."""

import asyncio
from asyncio import TimerHandle
from collections import deque

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# Far more than a request with a long token takes, and as much as nginx passes on by default.
MAX_HEAD_BYTES = 32 * 1024
MAX_WAITING_REQUESTS = 16
# The limit of a head is checked after each piece, however much comes at once.
_PIECE_BYTES = 8 * 1024
_HEAD_TOO_LARGE = f"Address and headers may have {MAX_HEAD_BYTES // 1024} KiB at most."


class TooManyWaitingError(Exception):
    """Stops the parser, which is answered with a 400."""


class RepeatedHostError(Exception):
    """Stops the parser, which is answered with a 400 (RFC 9112 section 3.2)."""


class LimitedHttp(HttpToolsProtocol):
    """Refuses a head without end, and cuts off who neither ends his request nor reads his answer.

    A request has `receive_seconds` from its first byte (the first one from the connection's
    beginning) to its last, however it drips. What is sent has to be taken within `read_seconds`.
    How long a connection may be idle between two requests is uvicorn's `timeout_keep_alive`, how
    long a body may be is in app/web/body_limit.py.
    """

    receive_seconds = 30.0
    read_seconds = 30.0
    _receiving: TimerHandle | None = None
    _being_read: TimerHandle | None = None
    # Bytes of a head that has not ended, or of what stands between the pieces of a body.
    _unparsed = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Begin to wait for the first request."""
        super().connection_made(transport)
        # What is being answered, and what waits behind it.
        self._cycles: deque[RequestResponseCycle] = deque()
        self._receiving = self._cut_off_after(self.receive_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more, and tell all requests; uvicorn tells the last one only."""
        self._is_received()
        self._is_read()
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what has come, piece by piece, as long as it comes to something."""
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            if self._receiving is None:
                self._receiving = self._cut_off_after(self.receive_seconds)
            piece = data[start : start + _PIECE_BYTES]
            self._unparsed += len(piece)
            super().data_received(piece)
            if self._unparsed > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(_HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Begin to answer, or queue the request behind the one before."""
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise RepeatedHostError
        if len(self.pipeline) >= MAX_WAITING_REQUESTS:
            raise TooManyWaitingError
        super().on_headers_complete()
        self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Give the application all the time that it takes."""
        self._unparsed = 0
        self._is_received()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin to wait for somebody who does not read."""
        super().pause_writing()
        self._has_to_be_read()

    def resume_writing(self) -> None:
        """Go on: it was read."""
        super().resume_writing()
        self._is_read()

    def on_response_complete(self) -> None:
        """See to it that a connection that is to be closed is closed, read or not."""
        self._cycles.popleft()
        super().on_response_complete()
        if self.transport.is_closing():
            self._has_to_be_read()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, read or not."""
        super().timeout_keep_alive_handler()
        self._has_to_be_read()

    def _cut_off_after(self, seconds: float) -> TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)

    def _is_received(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _has_to_be_read(self) -> None:
        if self._being_read is None:
            self._being_read = self._cut_off_after(self.read_seconds)

    def _is_read(self) -> None:
        if self._being_read is not None:
            self._being_read.cancel()
            self._being_read = None
