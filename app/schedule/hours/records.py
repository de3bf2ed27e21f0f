"""Records of weekly hours, and conversion between minutes of a day and text."""

from typing import NamedTuple

from app.domain.availability import HoursInterval

MAX_OVERRIDE_DAYS = 366


class DayHours(NamedTuple):
    """An interval of an ISO weekday (1 is Monday)."""

    weekday: int
    interval: HoursInterval


def minute_of(clock: str) -> int:
    """Convert "09:30", or "24:00" for the end of the day, to minutes since midnight."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """Convert minutes since midnight to a text such as "09:30"."""
    return f"{minute // 60:02}:{minute % 60:02}"


def in_order(interval: HoursInterval) -> tuple[int, int, str, str]:
    """Return the sort key of an interval in a day. It makes lists of intervals comparable."""
    return (
        interval.start_minute,
        interval.end_minute,
        interval.format or "",
        str(interval.location_id or ""),
    )
