"""The OpenTelemetry SDK: exports spans, with an allowlist of attributes.

Imported only if tracing is on: the SDK is an extra (`tracing` in pyproject.toml). It reads the
standard OTEL_… variables itself: endpoint, headers, timeout, service name, sampler, queue.
"""

import logging
import time
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status

# The allowlist. No attribute contains input of a caller: no path, query, header or address. What a
# later version of an instrumentation adds is dropped.
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
SECONDS_BETWEEN_LOG_LINES = 300.0
# The first logs an error for each batch that fails, the second for each span.
_NOISY_LOGGERS = (
    "opentelemetry.exporter.otlp.proto.http.trace_exporter",
    "opentelemetry.sdk._shared_internal",
)


def make_provider() -> TracerProvider:
    """Make the provider that sends spans to the collector. It starts a thread."""
    for name in _NOISY_LOGGERS:
        logger = logging.getLogger(name)
        logger.filters = [RateLimitFilter()]
    logging.getLogger(_NOISY_LOGGERS[0]).setLevel(logging.ERROR)
    resource = Resource.create()
    if str(resource.attributes[SERVICE_NAME]).startswith("unknown_service"):
        resource = resource.merge(Resource({SERVICE_NAME: "reslot"}))
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(Gate(OTLPSpanExporter())))
    return provider


class Gate(SpanExporter):
    """Exports allowed attributes only.

    Events and descriptions of statuses are dropped: they contain texts of exceptions, which may
    contain what clients entered ("Key (email)=(…) already exists").
    """

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch. The provider calls it in a thread of its own."""
        return self._inner.export([_bare(span) for span in spans])

    def shutdown(self) -> None:
        """Shut down the inner exporter."""
        self._inner.shutdown()


class RateLimitFilter(logging.Filter):
    """Passes one log line, then none for SECONDS_BETWEEN_LOG_LINES."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._seconds = seconds
        self._silent_until = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:  # noqa: ARG002 - the library's interface
        """Return whether the line is logged."""
        now = self._seconds()
        if now < self._silent_until:
            return False
        self._silent_until = now + SECONDS_BETWEEN_LOG_LINES
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
    """Copy a context without `tracestate`, which is text from the caller."""
    if context is None:
        return None
    return SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)
