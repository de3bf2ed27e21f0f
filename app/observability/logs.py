"""Structured logs: one line for each request, with its id and without personal data."""

import logging
import sys
import time
from secrets import token_hex

import orjson
import structlog
from opentelemetry import trace
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.configuration.settings import Settings
from app.observability.frames import name_frames
from app.observability.metrics.counts import count_request

log = structlog.get_logger()


def configure_logs(settings: Settings, *, for_good: bool = False) -> None:
    """Write the logs of the application and of libraries to standard error in one format.

    The application's logs bypass `logging`, which is slower. Libraries log nothing below INFO.
    `for_good`: loggers are cached, so this must not be called again in the process.
    """
    renderer: structlog.typing.Processor = structlog.processors.JSONRenderer(serializer=_as_json)
    if settings.log_format == "console":
        renderer = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.tracing:
        shared.append(add_trace_id)
    level = logging.getLevelNamesMapping()[settings.log_level]
    structlog.configure(
        processors=[*shared, renderer],
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=for_good,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                name_exception,
                renderer,
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    # Libraries debug with what they process, such as the EXIF values of a photo or HTTP headers.
    root.setLevel(max(level, logging.INFO))
    # It logs each step, and the application logs the result.
    logging.getLogger("pgqueuer").setLevel(logging.WARNING)
    # Its access log contains query strings; ours has the route instead.
    logging.getLogger("uvicorn.access").disabled = True


def _as_json(line: structlog.typing.EventDict, **_: object) -> str:
    return orjson.dumps(line, default=str).decode()


def name_exception(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Replace the exception that a library logs by its class and its stack frames."""
    kind, _, traceback = line.pop("exc_info", None) or (None, None, None)
    if kind is not None:
        line["error"] = kind.__name__
        line["way"] = name_frames(traceback)
    return line


def add_trace_id(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Add the trace id to a log line if the trace is sampled."""
    context = trace.get_current_span().get_span_context()
    if context.trace_flags.sampled:
        line["trace_id"] = trace.format_trace_id(context.trace_id)
    return line


class RequestLog:
    """Gives each request an id, returns it in a header, and logs and counts the request.

    The template of the route is logged, never the path or the query: they may contain what clients
    entered.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = token_hex(16)
        scope.setdefault("state", {})["request_id"] = request_id
        header = (b"x-request-id", request_id.encode())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                message["headers"].append(header)
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path_format", None)
            count_request(route, scope["method"], status, seconds)
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )
