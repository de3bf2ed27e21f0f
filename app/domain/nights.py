"""The night of a client, in which the service sends nothing that could wait or have gone before."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

# It is night from 21:00 until 8:00 of the client's zone.
_MORNING, _NIGHT = time(8), time(21)
# The last whole minute of an evening.
_EVENING = time(20, 59)


def after_night(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the instant itself, or 8:00 after the night in which it lies."""
    local = instant.astimezone(zone)
    if _is_day(local):
        return instant
    day = local.date() if local.time() < _MORNING else local.date() + timedelta(days=1)
    return datetime.combine(day, _MORNING, zone).astimezone(UTC)


def before_night(instant: datetime, zone: ZoneInfo) -> datetime:
    """Give the instant itself, or 20:59 before the night in which it lies."""
    local = instant.astimezone(zone)
    if _is_day(local):
        return instant
    day = local.date() if local.time() >= _NIGHT else local.date() - timedelta(days=1)
    return datetime.combine(day, _EVENING, zone).astimezone(UTC)


def _is_day(local: datetime) -> bool:
    return _MORNING <= local.time() < _NIGHT
