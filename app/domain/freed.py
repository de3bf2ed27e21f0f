"""What a change of hours, holidays or busy times frees (product.md section 10, "Freed times").

A time that was freed is only where to look: what suits there is asked of availability.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.availability import HoursInterval
from app.domain.intervals import Interval, merge, subtract
from app.domain.zones import EPOCH

# So many times, most of them local days, are offered of one change for one practitioner.
MOST_FREED = 62

_MICROSECOND = timedelta(microseconds=1)
_DAY_MINUTES = 24 * 60


class Time(NamedTuple):
    """The instants from `starts_at` to before `ends_at`."""

    starts_at: datetime
    ends_at: datetime


def freed_of_busy(
    before: Sequence[tuple[datetime, datetime]],
    after: Sequence[tuple[datetime, datetime]],
    now: datetime,
) -> list[Time]:
    """Give the times that were busy before a change and are not after it.

    Only those that end after `now`, and of these the first `MOST_FREED`.
    """
    left = subtract(map(_in_microseconds, before), map(_in_microseconds, after))
    times = (Time(_from_microseconds(start), _from_microseconds(end)) for start, end in left)
    return [one for one in times if one.ends_at > now][:MOST_FREED]


def longer_hours(before: Sequence[HoursInterval], after: Sequence[HoursInterval]) -> list[Interval]:
    """Give the minutes of a day that are working time after a change and were not before.

    Hours for one format or location are compared with the former hours of that one.
    """
    opened: list[Interval] = []
    for interval in after:
        former = [
            (one.start_minute, one.end_minute)
            for one in before
            if one.format in (None, interval.format)
            and one.location_id in (None, interval.location_id)
        ]
        opened += subtract([(interval.start_minute, interval.end_minute)], former)
    return merge(opened)


def local_days(start: datetime, end: datetime, zone: ZoneInfo) -> Iterator[Time]:
    """Cut a time at the local midnights."""
    while start < end:
        following = start.astimezone(zone).date() + timedelta(days=1)
        midnight = _at(following, 0, zone)
        yield Time(start, min(end, midnight))
        start = midnight


def minutes_of_day(day: date, minutes: Interval, zone: ZoneInfo) -> Time:
    """Give the time between two wall-clock minutes of a local date, 0 to 1440.

    Of an hour that the clocks repeat, both are in it; one that they skip may leave it empty.
    """
    # Of an end that the clocks repeat the second is the later one, of an end that they skip the
    # first: some days end at a midnight that does not exist.
    end = max(_at(day, minutes.end, zone), _at(day, minutes.end, zone, fold=1))
    return Time(_at(day, minutes.start, zone), end)


def weekly_times(
    weekly: Mapping[int, Sequence[Interval]],
    first: date,
    last: date,
    closed: Collection[date],
    zone: ZoneInfo,
) -> Iterator[Time]:
    """Give the times of weekly minutes, by ISO weekday, on the dates from `first` to `last`.

    On `closed` dates the weekly hours do not apply.
    """
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if day not in closed:
            for minutes in weekly.get(day.isoweekday(), ()):
                yield minutes_of_day(day, minutes, zone)


def _at(day: date, minute: int, zone: ZoneInfo, *, fold: int = 0) -> datetime:
    days, minute = divmod(minute, _DAY_MINUTES)
    wall = time(minute // 60, minute % 60, fold=fold)
    return datetime.combine(day + timedelta(days=days), wall, zone).astimezone(UTC)


def _in_microseconds(times: tuple[datetime, datetime]) -> tuple[int, int]:
    start, end = times
    return (start - EPOCH) // _MICROSECOND, (end - EPOCH) // _MICROSECOND


def _from_microseconds(number: int) -> datetime:
    return EPOCH + number * _MICROSECOND
