"""A lock on the demo's data folder. The system releases it when the process ends."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from app.configuration.settings import SettingsError


@contextmanager
def lock_demo(folder: Path, *, alone: bool) -> Iterator[TextIO]:
    """Hold the lock of the demo's data folder, shared with other demos or exclusively (`alone`).

    Raises:
        SettingsError: another demo runs on the folder and one of the two needs it exclusively.
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
    """Change an exclusive lock to a shared one: other demos may run, but not reset the data."""
    fcntl.flock(lock, fcntl.LOCK_SH)
