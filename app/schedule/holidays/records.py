"""A date on which the whole practice is closed."""

from datetime import date
from typing import NamedTuple


class Holiday(NamedTuple):
    """A local date of every practitioner, and what it is called."""

    date: date
    name: str | None
