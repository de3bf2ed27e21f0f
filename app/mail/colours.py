"""Corrects a practice's colour so that text on it, and in it, can be read (WCAG 2.2 AA)."""

from collections.abc import Iterable
from functools import lru_cache

# WCAG 2.2 AA for text: 4.5 to 1.
CONTRAST = 4.5
DEFAULT_ACCENT = "#1f5f8b"
LIGHT_PAGE, DARK_PAGE = "#f2f2f5", "#1c1c1e"
_STEPS = 100

Channels = tuple[int, int, int]


@lru_cache(maxsize=256)
def on_light(accent: str) -> str:
    """Darken a colour until white text on it, and it as text on a light page, can be read."""
    return _corrected(accent, LIGHT_PAGE, towards=0)


@lru_cache(maxsize=256)
def on_dark(accent: str) -> str:
    """Lighten a colour until it can be read as text on a dark page."""
    return _corrected(accent, DARK_PAGE, towards=255)


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (WCAG 2.2): 1 if they are the same, at most 21."""
    lights = sorted((_luminance(_channels(one)), _luminance(_channels(other))))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _corrected(accent: str, against: str, *, towards: int) -> str:
    """Mix a colour with black (0) or white (255), as little as needed. Its hue stays."""
    start = _channels(accent)
    for step in range(_STEPS):
        mixed = _written(part + (towards - part) * step / _STEPS for part in start)
        if contrast(mixed, against) >= CONTRAST:
            return mixed
    return _written((towards, towards, towards))


def _channels(colour: str) -> Channels:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _written(parts: Iterable[float]) -> str:
    return "#" + "".join(f"{round(part):02x}" for part in parts)


def _luminance(channels: Channels) -> float:
    red, green, blue = (_linear(part / 255) for part in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
