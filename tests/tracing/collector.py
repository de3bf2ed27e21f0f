"""A real OTLP receiver on loopback that stores what it receives."""

import socket
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


@dataclass(frozen=True)
class Told:
    """One span, as it was received."""

    raw: Span
    service: str

    @property
    def name(self) -> str:
        return str(self.raw.name)

    @property
    def trace_id(self) -> str:
        return str(self.raw.trace_id.hex())

    @property
    def id(self) -> str:
        return str(self.raw.span_id.hex())

    @property
    def parent_id(self) -> str:
        return str(self.raw.parent_span_id.hex())

    @property
    def kind(self) -> str:
        return str(Span.SpanKind.Name(self.raw.kind))

    @property
    def failed(self) -> bool:
        return bool(self.raw.status.code == self.raw.status.STATUS_CODE_ERROR)

    @property
    def attributes(self) -> dict[str, Any]:
        return {pair.key: _value(pair.value) for pair in self.raw.attributes}


class Collector:
    """Listens on loopback. If it has an event `go_on`, it answers only after that is set."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self.bodies: list[bytes] = []
        self.go_on: Event | None = None
        self.asked = Event()
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.asked.set()
                if collector.go_on is not None:
                    collector.go_on.wait(30)
                collector.take(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Log nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def take(self, body: bytes) -> None:
        request = ExportTraceServiceRequest.FromString(body)
        for part in request.resource_spans:
            names = {pair.key: _value(pair.value) for pair in part.resource.attributes}
            self.told += [
                Told(span, names["service.name"])
                for scope in part.scope_spans
                for span in scope.spans
            ]
        self.bodies.append(body)

    def one(self, name: str) -> Told:
        """Return the only span with this name."""
        (found,) = self.all(name)
        return found

    def all(self, name: str) -> list[Told]:
        return [told for told in self.told if told.name == name]

    def requests(self) -> list[Told]:
        return [told for told in self.told if told.kind == "SPAN_KIND_SERVER"]

    def below(self, parent: Told) -> list[Told]:
        """List the children of a span."""
        return [told for told in self.told if told.parent_id == parent.id]

    def close(self) -> None:
        if self.go_on is not None:
            self.go_on.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def nobody() -> str:
    """Return an address on which nothing listens."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{closed.getsockname()[1]}"


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))
