"""Records of holidays."""

from datetime import date
from typing import NamedTuple


class Holiday(NamedTuple):
    """A date on which the whole practice is closed, local to each practitioner, and its name."""

    date: date
    name: str | None
