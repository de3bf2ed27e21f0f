"""Conversion between wall clocks and instants.

Instants are whole seconds since 1970-01-01T00:00Z. Local seconds count what a wall clock shows in
the same way. Arithmetic on both is therefore integer arithmetic. Between two changes of a zone's
UTC offset they differ by a constant; `constant_offsets` splits a range at those changes.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
_YEAR = 366 * DAY
_SECOND = timedelta(seconds=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()


class OffsetPeriod(NamedTuple):
    """Instants `[start, end)` in which local seconds are the instant plus `offset`, in seconds."""

    start: int
    end: int
    offset: int


def to_seconds(instant: datetime) -> int:
    """Turn an aware datetime into seconds since the epoch, rounded down."""
    return (instant - EPOCH) // _SECOND


def from_seconds(seconds: int) -> datetime:
    """Turn seconds since the epoch into an aware UTC datetime."""
    return EPOCH + timedelta(seconds=seconds)


def day_number(day: date) -> int:
    """Count days since 1970-01-01."""
    return day.toordinal() - EPOCH_ORDINAL


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Find the first instant (UTC) of a local date, even if DST skips its midnight."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def latest_reading(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Turn a wall time into an instant (UTC); the later one if the wall time is ambiguous.

    A wall time in a gap or a fold has two readings. The later deadline favours the client.
    Source: product.md section 2, "wall-clock rules".
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    return max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def constant_offsets(zone: ZoneInfo, start: int, end: int) -> list[OffsetPeriod]:
    """Split the instants `[start, end)` into periods of constant UTC offset, in order."""
    first_year = from_seconds(start).year
    last_year = from_seconds(max(start, end - 1)).year
    cuts = [
        change
        for year in range(first_year, last_year + 1)
        for change in _changes(zone, year)
        if start < change < end
    ]
    edges = [start, *cuts, end]
    return [
        OffsetPeriod(lower, upper, _offset(zone, lower))
        for lower, upper in pairwise(edges)
        if lower < upper
    ]


def is_daylight_time(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether clocks are ahead of the zone's standard time.

    The sign of `dst()` does not tell: for Ireland and Morocco the time zone database marks the
    smaller offset as the exception. The offset is therefore compared with the offsets of periods
    within a year whose `dst()` differs.
    """
    now = to_seconds(instant)
    local = instant.astimezone(zone)
    pieces = constant_offsets(zone, now - _YEAR, now + _YEAR)
    return any(
        period.offset < _offset(zone, now)
        for period in pieces
        if bool(from_seconds(period.start).astimezone(zone).dst()) != bool(local.dst())
    )


def local_text(instant: int, zone: ZoneInfo) -> str:
    """Format an instant in the zone's local time, with its UTC offset (RFC 3339)."""
    text = from_seconds(instant).astimezone(zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[int, ...]:
    """Find the instants of one UTC year at which the zone's offset changes."""
    first = to_seconds(datetime(year, 1, 1, tzinfo=UTC))
    last = to_seconds(datetime(year + 1, 1, 1, tzinfo=UTC))
    days = [(instant, _offset(zone, instant)) for instant in range(first - 1, last, DAY)]
    return tuple(
        _change_between(zone, before, after)
        for (before, old), (after, new) in pairwise(days)
        if old != new
    )


def _change_between(zone: ZoneInfo, before: int, after: int) -> int:
    """Find the first instant with another offset than `before`, up to `after`, by bisection."""
    old = _offset(zone, before)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == old:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, instant: int) -> int:
    offset = from_seconds(instant).astimezone(zone).utcoffset()
    assert offset is not None  # noqa: S101 - a zone always has one
    return offset // _SECOND


def seconds_up(instant: datetime) -> int:
    """Round an instant up to whole seconds since the epoch, so that notice is never too short."""
    return ceil((instant - EPOCH) / _SECOND)
