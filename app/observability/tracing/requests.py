"""Spans of requests: FastAPI makes them, and here they get our names."""

import structlog
from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.trace import TracerProvider
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def telemetry(provider: TracerProvider | None) -> TelemetryConfig:
    """Tell FastAPI what to report: requests where tracing is on, and nothing else ever.

    It would also report metrics, logs with the texts of exceptions, and each of its own steps; and
    it would look in the environment by itself.
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
    """Puts the request's id, and the code of the problem it ends in, on its span.

    Inside RequestLog, which gives the id; installed only where tracing is on.
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
            # The span ends with the answer's last byte.
            if message["type"] == "http.response.start":
                problem = structlog.contextvars.get_contextvars().get("problem")
                if problem is not None:
                    span.set_attribute("reslot.problem", problem)
            await send(message)

        await self._app(scope, receive, send_and_note)
