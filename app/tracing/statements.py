"""Spans of SQL statements: what is sent to the database, without the values.

OpenTelemetry's own for SQLAlchemy stops before 2.1, and writes the texts of errors down.
"""

from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, TracerProvider
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine

# Enough to know a statement by; one that inserts hundreds of rows goes on and on.
MOST_CHARACTERS = 4000


def watch_statements(engine: AsyncEngine, provider: TracerProvider) -> None:
    """Make a span of each statement that runs within another span.

    The text has placeholders where the values are: all of them are sent beside it.
    """
    tracer = provider.get_tracer("reslot")
    running: dict[ExecutionContext, Span] = {}

    # SQLAlchemy calls them in the statement's own context, so the current span is its request's.
    def before(_db: Any, _cursor: Any, statement: str, *rest: Any) -> None:  # noqa: ANN401
        if not trace.get_current_span().is_recording():
            return
        operation = statement.split(maxsplit=1)[0].upper()
        running[rest[1]] = tracer.start_span(
            operation,
            kind=SpanKind.CLIENT,
            attributes={
                "db.system.name": "postgresql",
                "db.operation.name": operation,
                "db.query.text": statement[:MOST_CHARACTERS],
            },
        )

    def after(*arguments: Any) -> None:  # noqa: ANN401
        span = running.pop(arguments[4], None)
        if span is not None:
            span.end()

    def failed(failure: ExceptionContext) -> None:
        if failure.execution_context is None:
            return
        span = running.pop(failure.execution_context, None)
        if span is None:
            return
        error = failure.original_exception
        span.set_attribute("error.type", type(error).__name__)
        if isinstance(state := getattr(error, "sqlstate", None), str):
            span.set_attribute("db.response.status_code", state)
        span.set_status(StatusCode.ERROR)
        span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)
