"""Spans of SQL statements, without their values.

OpenTelemetry's instrumentation of SQLAlchemy does not support 2.1, and records texts of errors.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext, ExecutionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.statements import SentStatement, watch_driver

# Enough to identify a statement: one that inserts hundreds of rows is much longer.
MAX_CHARACTERS = 4000


def watch_statements(engine: AsyncEngine, provider: TracerProvider) -> None:
    """Make a span of each statement that runs within another span.

    The text has placeholders: all values are parameters.
    """
    tracer = provider.get_tracer("reslot")
    running: dict[ExecutionContext, Span] = {}

    # SQLAlchemy calls these in the context of the request, so its span is the current one.
    def before(_db: Any, _cursor: Any, statement: str, *rest: Any) -> None:  # noqa: ANN401
        if not trace.get_current_span().is_recording():
            return
        running[rest[1]] = _begin(tracer, statement)

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
        _fail(span, failure.original_exception)
        span.end()

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)
    watch_driver(engine, partial(_read, tracer))


@contextmanager
def _read(tracer: Tracer, sent: SentStatement) -> Iterator[None]:
    if not trace.get_current_span().is_recording():
        yield
        return
    span = _begin(tracer, sent.text)
    try:
        yield
    except BaseException as error:
        _fail(span, error)
        raise
    finally:
        span.end()


def _begin(tracer: Tracer, statement: str) -> Span:
    operation = statement.split(maxsplit=1)[0].upper()
    return tracer.start_span(
        operation,
        kind=SpanKind.CLIENT,
        attributes={
            "db.system.name": "postgresql",
            "db.operation.name": operation,
            "db.query.text": statement[:MAX_CHARACTERS],
        },
    )


def _fail(span: Span, error: BaseException) -> None:
    span.set_attribute("error.type", type(error).__name__)
    if isinstance(state := getattr(error, "sqlstate", None), str):
        span.set_attribute("db.response.status_code", state)
    span.set_status(StatusCode.ERROR)
