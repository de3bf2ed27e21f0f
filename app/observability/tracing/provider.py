"""The OpenTelemetry SDK: where spans go, and what of them may leave.

Imported only where tracing is on: the SDK is an extra (`tracing` in pyproject.toml). It reads the
standard variables itself: endpoint, headers, timeout, service name, sampler, queue.
"""

import logging
import time
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status

# All that may leave. Nothing that a caller typed is among it: no path, no query, no header, no
# address. An instrumentation that begins to tell more is not heard.
ATTRIBUTES = frozenset(
    {
        "db.operation.name",
        "db.query.text",
        "db.response.status_code",
        "db.system.name",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
        "network.protocol.version",
        "reslot.notification_id",
        "reslot.outcome",
        "reslot.practice_id",
        "reslot.problem",
        "reslot.request_id",
        "reslot.sign_in_request_id",
        "url.scheme",
    }
)
SECONDS_BETWEEN_COMPLAINTS = 300.0
# They complain of each batch, the second one of each span.
_COMPLAINERS = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)


def make_provider() -> TracerProvider:
    """Make the provider that sends spans to the collector. It starts a thread."""
    for name in _COMPLAINERS:
        complainer = logging.getLogger(name)
        complainer.filters = [OnceInAWhile()]
    logging.getLogger(_COMPLAINERS[0]).setLevel(logging.ERROR)
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "reslot"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Gate(OTLPSpanExporter())))
    return provider


class Gate(SpanExporter):
    """Lets out what is on the list, and drops the rest.

    The text of an exception, which may hold what clients wrote ("Key (email)=(…) already exists"),
    would be an event or the description of a status: neither passes.
    """

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch, from the provider's own thread."""
        return self._inner.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        """Send no more."""
        self._inner.shutdown()


class OnceInAWhile(logging.Filter):
    """Lets one line through, and then none for five minutes."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._silent_until = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the library's interface
        """Tell whether a line is let through."""
        now = self._seconds()
        if now < self._silent_until:
            return False
        self._silent_until = now + SECONDS_BETWEEN_COMPLAINTS
        return True


def _bare(span: ReadableSpan) -> ReadableSpan:
    attributes = span.attributes or {}
    return ReadableSpan(
        name=span.name,
        context=_without_state(span.context),
        parent=_without_state(span.parent),
        resource=span.resource,
        attributes={name: value for name, value in attributes.items() if name in ATTRIBUTES},
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _without_state(context: SpanContext | None) -> SpanContext | None:
    """Leave out `tracestate`, which is a caller's own text."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
