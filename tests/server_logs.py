"""The log that a server process would write, as text."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import pytest
import structlog

from app.configuration.settings import Settings
from app.observability.logs import configure_logs


@contextmanager
def server_logs(settings: Settings, **other: Any) -> Iterator[StringIO]:
    """Log as a server process does, with the most verbose level."""
    root, access = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = root.handlers, root.level, access.disabled
    written = StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", written)
        configure_logs(settings.model_copy(update={"log_level": "DEBUG"} | other))
    # The tests' own client and mail server are not part of the service.
    chatty = [logging.getLogger(name) for name in ("httpx", "mail.log")]
    try:
        for logger in chatty:
            logger.disabled = True
        yield written
    finally:
        for logger in chatty:
            logger.disabled = False
        root.handlers, level, access.disabled = before
        root.setLevel(level)
        structlog.reset_defaults()
