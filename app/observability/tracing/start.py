"""Turning traces on for a process, and sending the last of them when it ends."""

import asyncio
from threading import Thread
from types import ModuleType
from typing import TYPE_CHECKING

from pgqueuer.ports.tracing import TRACER

from app.configuration.settings import Settings, SettingsError
from app.observability.tracing.jobs import JobTraces

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

# A collector that hangs holds no process up for longer.
LAST_SPANS_SECONDS = 5.0


def check_tracing(settings: Settings) -> None:
    """Make sure that tracing can be turned on where it is asked for.

    Raises:
        SettingsError: its packages are not installed.
    """
    if settings.tracing:
        _sdk()


def start_tracing(settings: Settings) -> "TracerProvider | None":
    """Turn tracing on where TRACING asks for it, for jobs at once; None: it is off.

    Raises:
        SettingsError: its packages are not installed.
    """
    if not settings.tracing:
        return None
    provider: TracerProvider = _sdk().make_provider()
    TRACER.tracer = JobTraces(provider)
    return provider


async def stop_tracing(provider: "TracerProvider | None") -> None:
    """Send what is left, for a few seconds at most."""
    if provider is None:
        return
    TRACER.tracer = None
    # A thread that nobody waits for when the process ends.
    last = Thread(target=provider.shutdown, daemon=True)
    last.start()
    await asyncio.to_thread(last.join, LAST_SPANS_SECONDS)


def _sdk() -> ModuleType:
    try:
        from app.observability.tracing import provider  # noqa: PLC0415 - an extra, and only where it is used
    except ModuleNotFoundError:
        raise SettingsError(
            "TRACING needs packages that are not installed: install those of "
            "requirements/tracing.txt, or set it to false."
        ) from None
    return provider
