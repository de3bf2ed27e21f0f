"""Wall clocks and instants.

Instants are whole seconds since 1970-01-01T00:00Z and "local seconds" are what a wall clock shows,
counted the same way, so that arithmetic on both is integer arithmetic. Between two changes of a
zone's offset the two differ by a constant; `constant_offsets` cuts a span of time at those changes.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from math import ceil
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = 86_400
_YEAR = 366 * DAY
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_ORDINAL = EPOCH.toordinal()


class Piece(NamedTuple):
    """A span of instants `[start, end)` in which local time is the instant plus `offset`."""

    start: int
    end: int
    offset: int


def to_seconds(instant: datetime) -> int:
    """Turn an aware instant into seconds since the epoch, fractions cut off."""
    return (instant - EPOCH) // timedelta(seconds=1)


def from_seconds(seconds: int) -> datetime:
    """Turn seconds since the epoch into an aware UTC instant."""
    return EPOCH + timedelta(seconds=seconds)


def day_number(day: date) -> int:
    """Count days since 1970-01-01."""
    return day.toordinal() - EPOCH_ORDINAL


def day_date(number: int) -> date:
    """Undo `day_number`."""
    return date.fromordinal(number + EPOCH_ORDINAL)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """Find the first instant (UTC) of a local calendar day, also where its midnight is skipped."""
    return datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)


@lru_cache(maxsize=4096)
def latest_reading(day: date, at: time, zone: ZoneInfo) -> datetime:
    """Turn a wall time into an instant (UTC), the later one where it is doubtful.

    A wall time in a gap or a fold has two readings; the later deadline favours the client.
    Source: product.md section 2, "wall-clock rules".
    """
    wall = datetime.combine(day, at, tzinfo=zone)
    return max(wall.replace(fold=fold).astimezone(UTC) for fold in (0, 1))


def constant_offsets(zone: ZoneInfo, start: int, end: int) -> list[Piece]:
    """Cut the instants `[start, end)` into pieces of one offset each, in order."""
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
        Piece(lower, upper, _offset(zone, lower))
        for lower, upper in pairwise(edges)
        if lower < upper
    ]


def is_daylight_time(instant: datetime, zone: ZoneInfo) -> bool:
    """Tell whether clocks are ahead of the zone's standard time.

    The sign of `dst()` does not tell: for Ireland and Morocco the time zone database calls the
    smaller offset the exception. So the offset is compared with those of the periods within a year
    that are marked otherwise.
    """
    now = to_seconds(instant)
    local = instant.astimezone(zone)
    pieces = constant_offsets(zone, now - _YEAR, now + _YEAR)
    return any(
        piece.offset < _offset(zone, now)
        for piece in pieces
        if bool(from_seconds(piece.start).astimezone(zone).dst()) != bool(local.dst())
    )


def local_text(instant: int, zone: ZoneInfo) -> str:
    """Write an instant as a wall clock in the zone shows it, with its offset (RFC 3339)."""
    text = from_seconds(instant).astimezone(zone).isoformat()
    return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text


@lru_cache(maxsize=4096)
def _changes(zone: ZoneInfo, year: int) -> tuple[int, ...]:
    """Find the instants of one UTC year at which the zone's offset changes."""
    first = to_seconds(datetime(year, 1, 1, tzinfo=UTC))
    last = to_seconds(datetime(year + 1, 1, 1, tzinfo=UTC))
    found = []
    for day in range(first, last, DAY):
        if _offset(zone, day - 1) != _offset(zone, day + DAY - 1):
            before, after = day - 1, day + DAY - 1
            while after - before > 1:
                middle = (before + after) // 2
                if _offset(zone, middle) == _offset(zone, before):
                    before = middle
                else:
                    after = middle
            found.append(after)
    return tuple(found)


def _offset(zone: ZoneInfo, instant: int) -> int:
    wall = from_seconds(instant).astimezone(zone)
    return to_seconds(wall.replace(tzinfo=UTC)) - instant


def seconds_up(instant: datetime) -> int:
    """Round an instant up to whole seconds, so that minimum notice is never cut short."""
    return ceil((instant - EPOCH) / timedelta(seconds=1))
