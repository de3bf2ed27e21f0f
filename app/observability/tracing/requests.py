"""Spans of requests: FastAPI makes them, this adds attributes."""

import structlog
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """Return FastAPI's telemetry options: spans of requests if tracing is on, nothing else.

    Its defaults also report metrics, logs with the texts of exceptions, and spans of its own steps,
    and configure themselves from the environment.
    """
    return {
        "tracing": provider is not None,
        "tracer_provider": provider,
        "metrics": False,
        "logs": False,
        "operation_spans": False,
        "auto_configure": False,
    }


class RequestTrace:
    """Adds the request's id and the code of its problem, if any, to its span.

    Runs inside RequestLog, which makes the id. Installed only if tracing is on.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = trace.get_current_span()
        span.set_attribute("reslot.request_id", scope["state"]["request_id"])

        async def send_and_note(message: Message) -> None:
            # The span ends after the last byte of the answer, too late to set this.
            if message["type"] == "http.response.start":
                problem = structlog.contextvars.get_contextvars().get("problem")
                if problem is not None:
                    span.set_attribute("reslot.problem", problem)
            await send(message)

        await self._app(scope, receive, send_and_note)
