"""Records of holidays."""

from datetime import date
from typing import NamedTuple


class Holiday(NamedTuple):
    """A date on which the whole practice is closed, local to each practitioner, and its name."""

    date: date
    name: str | None


class ClosedTimes(NamedTuple):
    """When the whole practice is closed: its holidays by date, and ISO weekdays in order."""

    holidays: list[Holiday]
    weekdays: list[int]
