"""Limits of one HTTP connection. uvicorn limits neither the size of a head nor slow clients."""

import asyncio
import sys
from asyncio import TimerHandle
from collections import deque

from httptools import HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

# Four times 8 KiB, which is what nginx accepts by default. A request with a long token needs less.
MAX_HEAD_BYTES = 32 * 1024
MAX_WAITING_REQUESTS = 16
# The size of a head is checked after each piece of this size.
_PIECE_BYTES = 8 * 1024
_HEAD_TOO_LARGE = f"Address and headers may have {MAX_HEAD_BYTES // 1024} KiB at most."


class TooManyWaitingError(Exception):
    """Too many pipelined requests. It stops the parser; the response is a 400."""


class RepeatedHostError(Exception):
    """Several `Host` headers (RFC 9112 section 3.2). It stops the parser; the response is a 400."""


class LimitedHttp(HttpToolsProtocol):
    """HTTP protocol with a maximum head, and timeouts for clients that send or read too slowly.

    A request must arrive within `receive_seconds` of its first byte; for the first request the time
    starts with the connection. The client must read what is sent within `read_seconds`. Other
    limits: idle time between requests is uvicorn's `timeout_keep_alive`; the size of a body is in
    app/web/body_limit.py.

    The header `Upgrade` is ignored (RFC 9110 section 7.8). The parser stops after a head with it,
    and uvicorn would lose the body. Such a head is therefore parsed twice: the first time no
    request starts, the second time the head is without the header.
    """

    receive_seconds = 30.0
    read_seconds = 30.0
    _receiving: TimerHandle | None = None
    _reading: TimerHandle | None = None
    # Bytes since the last complete part: of an unfinished head, or of a chunk header in a body.
    _unparsed = 0
    # The data that is being parsed.
    _given = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # uvicorn's
        """Start the timeout of the first request."""
        super().connection_made(transport)
        # The request that is being answered, and those that wait behind it.
        self._cycles: deque[RequestResponseCycle] = deque()
        self._receiving = self._abort_after(self.receive_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timeouts and notify all requests. uvicorn notifies the last one only."""
        self._stop_receive_timer()
        self._stop_read_timer()
        for cycle in self._cycles:
            cycle.disconnected = True
            cycle.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received data piece by piece. Respond with 400 if the head is too large."""
        for start in range(0, len(data), _PIECE_BYTES):
            if self.transport.is_closing():
                return
            if self._receiving is None:
                self._receiving = self._abort_after(self.receive_seconds)
            piece = data[start : start + _PIECE_BYTES]
            self._unparsed += len(piece)
            self._parse(piece)
            if self._unparsed > MAX_HEAD_BYTES and not self.transport.is_closing():
                self.send_400_response(_HEAD_TOO_LARGE)

    def on_headers_complete(self) -> None:
        """Start the request, or queue it behind the previous one."""
        if self._asks_for_upgrade():
            return
        if sum(name == b"host" for name, _ in self.headers) > 1:
            raise RepeatedHostError
        if len(self.pipeline) >= MAX_WAITING_REQUESTS:
            raise TooManyWaitingError
        super().on_headers_complete()
        self._cycles.append(self.cycle)

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        self._unparsed = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop the timeout of the request. The time of the application is not limited here."""
        if self._asks_for_upgrade():
            return
        self._unparsed = 0
        self._stop_receive_timer()
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Start the read timeout: the client does not read."""
        super().pause_writing()
        self._start_read_timer()

    def resume_writing(self) -> None:
        """Stop the read timeout: the client reads again."""
        super().resume_writing()
        self._stop_read_timer()

    def on_response_complete(self) -> None:
        """Start the read timeout if the connection is closing, so that it always closes."""
        self._cycles.popleft()
        super().on_response_complete()
        if self.transport.is_closing():
            self._start_read_timer()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if the client does not read."""
        super().timeout_keep_alive_handler()
        self._start_read_timer()

    def _asks_for_upgrade(self) -> bool:
        # The parser counts CONNECT as an upgrade, but that has no header that could be left out.
        return self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"

    def _unsupported_upgrade_warning(self) -> None:
        """Parse the head again without `Upgrade`, then what follows it.

        uvicorn calls this to log a warning, when the parser has stopped after the head.
        """
        stopped = sys.exception()
        if isinstance(stopped, HttpParserUpgrade) and self._asks_for_upgrade():
            data = self._head_without_upgrade() + self._given[stopped.args[0] :]
            # The old parser ignores what follows a request that closes the connection.
            self.parser = HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
            self._parse(data)

    def _parse(self, data: bytes) -> None:
        self._given = data
        super().data_received(data)
        self._given = b""

    def _head_without_upgrade(self) -> bytes:
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % header for header in self.headers if header[0] != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])

    def _abort_after(self, seconds: float) -> TimerHandle:
        return self.loop.call_later(seconds, self.transport.abort)

    def _stop_receive_timer(self) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
            self._receiving = None

    def _start_read_timer(self) -> None:
        if self._reading is None:
            self._reading = self._abort_after(self.read_seconds)

    def _stop_read_timer(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None
