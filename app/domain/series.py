"""The dates of a series, and how a move changes them (product.md section 10, "Series").

Dates are local dates in the practitioner's zone, and the local time of all dates is the same, also
after a DST change. A local time that a gap skips moves forward by the gap; of a repeated local time
the later reading applies.
"""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from app.domain.zones import latest_reading

LARGEST_SERIES = 100
Unit = Literal["days", "weeks", "months"]


class Every(NamedTuple):
    """The distance between two dates of a series, for example two weeks."""

    number: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class Shift:
    """A move of several dates: by a number of local days, to one local time."""

    days: int
    to: datetime
    zone: ZoneInfo

    def of(self, start: datetime) -> datetime:
        """Give the instant (UTC) to which the shift moves `start`."""
        day = start.astimezone(self.zone).date() + timedelta(days=self.days)
        return latest_reading(day, self.to.astimezone(self.zone).time(), self.zone)


def series_starts(first: datetime, every: Every, zone: ZoneInfo) -> Iterator[datetime]:
    """Give the starts (UTC) of a series without an end, in ascending order.

    Months are counted from the first date: a month without that day has its last day instead. A
    date that the zone skipped entirely is left out.
    """
    wall = first.astimezone(zone)
    latest = first
    yield first
    index = 0
    while True:
        index += 1
        start = latest_reading(_date(wall.date(), every, index), wall.time(), zone)
        if start > latest:
            latest = start
            yield start


def shift_between(old: datetime, new: datetime, zone: ZoneInfo) -> Shift:
    """Give the shift that moves the start `old` to `new`, for the other dates of its series."""
    days = new.astimezone(zone).date() - old.astimezone(zone).date()
    return Shift(days.days, new, zone)


def _date(first: date, every: Every, index: int) -> date:
    distance = every.number * index
    if every.unit == "days":
        return first + timedelta(days=distance)
    if every.unit == "weeks":
        return first + timedelta(weeks=distance)
    years, month = divmod(first.month - 1 + distance, 12)
    year = first.year + years
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1]))
