"""Hours of a weekday, and how minutes of a day are written."""

from typing import NamedTuple

from app.domain.availability import HoursInterval

MAX_OVERRIDE_DAYS = 366


class DayHours(NamedTuple):
    """Hours of an ISO weekday (1 Monday)."""

    weekday: int
    interval: HoursInterval


def minute_of(clock: str) -> int:
    """Read "09:30", or "24:00" for the end of a day, as minutes of that day."""
    hours, _, minutes = clock.partition(":")
    return int(hours) * 60 + int(minutes)


def clock_of(minute: int) -> str:
    """Undo `minute_of`."""
    return f"{minute // 60:02}:{minute % 60:02}"


def in_order(interval: HoursInterval) -> tuple[int, int, str, str]:
    """Give the place of an interval among those of a day: every set of them has one spelling."""
    return (
        interval.start_minute,
        interval.end_minute,
        interval.format or "",
        str(interval.location_id or ""),
    )
