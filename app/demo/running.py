"""Whether a demo runs on a data folder: a lock that ends with the process, however that ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.configuration.settings import SettingsError


@contextmanager
def lock_demo(folder: Path, *, alone: bool) -> Iterator[TextIO]:
    """Hold the lock of the demo's data folder, with other demos or alone.

    Raises:
        SettingsError: a demo runs there, and this one is to be alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SettingsError(
                "A demo is running on this data: stop it with Ctrl-C before its data is reset."
                if alone
                else "The demo's data is being reset: try again in a moment."
            ) from None
        yield lock


def share_lock(lock: TextIO) -> None:
    """Let other demos run on the data folder from now on, but none reset it."""
    fcntl.flock(lock, fcntl.LOCK_SH)
