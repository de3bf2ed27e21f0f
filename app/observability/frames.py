"""Where an exception was raised, for the log. Its text may contain personal data."""

from traceback import extract_tb
from types import TracebackType

FRAMES_LOGGED = 12


def name_frames(traceback: TracebackType | None) -> list[str]:
    """Return the last frames as `function (file:line)`; the last one raised the exception."""
    frames = extract_tb(traceback)[-FRAMES_LOGGED:]
    return [f"{frame.name} ({frame.filename}:{frame.lineno})" for frame in frames]
