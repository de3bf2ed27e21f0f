"""Starts and stops tracing in a process."""

import asyncio
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

from pgqueuer.ports.tracing import TRACER

from app.configuration.settings import Settings, SettingsError
from app.observability.tracing.jobs import JobTraces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# A collector that does not answer delays the end of a process by at most this.
LAST_SPANS_SECONDS = 5.0


def check_tracing(settings: Settings) -> None:
    """Check that tracing can start, if the settings turn it on.

    Raises:
        SettingsError: its packages are not installed.
    """
    if settings.tracing:
        _sdk()


def start_tracing(settings: Settings) -> "TracerProvider | None":
    """Start tracing if TRACING is set, also for jobs. None: tracing is off.

    Raises:
        SettingsError: its packages are not installed.
    """
    if not settings.tracing:
        return None
    provider: TracerProvider = _sdk().make_provider()
    TRACER.tracer = JobTraces(provider)
    return provider


async def stop_tracing(provider: "TracerProvider | None") -> None:
    """Export the remaining spans, for at most LAST_SPANS_SECONDS."""
    if provider is None:
        return
    TRACER.tracer = None
    # A daemon thread: the process does not wait for it at its end.
    last = Thread(target=provider.shutdown, daemon=True)
    last.start()
    await asyncio.to_thread(last.join, LAST_SPANS_SECONDS)


def _sdk() -> ModuleType:
    try:
        from app.observability.tracing import provider  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise SettingsError(
            "TRACING needs packages that are not installed: install those of "
            "requirements/tracing.txt, or set it to false."
        ) from None
    return provider
