"""Spans of jobs: one for each job that a worker runs."""

import json
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from datetime import timedelta

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, StatusCode, TracerProvider
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pgqueuer.models import Job

# A job that waits longer, such as a reminder, starts its own trace.
SAME_TRACE = timedelta(hours=1)

_IDS = {
    "practice_id": "reslot.practice_id",
    "notification_id": "reslot.notification_id",
    "id": "reslot.sign_in_request_id",
}
_TRACE_PARENT = "traceparent"
_W3C = TraceContextTextMapPropagator()


class JobTraces:
    """Implements the job library's TracingProtocol.

    The library's own implementation also makes a span of each enqueuing, stores the caller's
    `baggage` in the job, and records the texts of errors.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("reslot")

    def trace_publish(self, entrypoints: list[str]) -> Generator[dict[str, object], None, None]:
        """Yield for each job the trace parent of the request, which is stored with the job."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        # Without `tracestate`, which is text from the caller.
        found = {_TRACE_PARENT: carrier[_TRACE_PARENT]} if carrier else {}
        for _ in entrypoints:
            yield {"otel": found} if found else {}

    @asynccontextmanager
    async def trace_process(self, job: Job) -> AsyncIterator[None]:
        """Make a span of running a job. `note_outcome` sets its result."""
        with self._tracer.start_as_current_span(
            job.entrypoint,
            context=_parent(job),
            kind=SpanKind.CONSUMER,
            attributes=_ids(job),
            record_exception=False,
            set_status_on_exception=False,
        ):
            yield


def note_outcome(outcome: str, error: str | None = None) -> None:
    """Set the result of the job on its span, if there is one.

    `error` is its class (app/outbox/errors.py), never its text.
    """
    span = trace.get_current_span()
    span.set_attribute("reslot.outcome", outcome)
    if error is not None:
        span.set_attribute("error.type", error)
        span.set_status(StatusCode.ERROR)


def _parent(job: Job) -> Context:
    headers = job.otel_headers() or {}
    if job.execute_after - job.created > SAME_TRACE:
        headers = {}
    carrier = {name: str(value) for name, value in headers.items() if name == _TRACE_PARENT}
    return _W3C.extract(carrier, Context())


def _ids(job: Job) -> dict[str, str]:
    payload = json.loads(job.payload or b"{}")
    return {_IDS[name]: str(value) for name, value in payload.items() if name in _IDS}
