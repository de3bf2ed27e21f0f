"""Measures the pure calculation of availability for a month with 40 bookings."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median
from zoneinfo import ZoneInfo

from app.domain.availability import (
    BusySession,
    Calendar,
    CurrentMeeting,
    HoursInterval,
    SlotRules,
    SlotSearch,
    WorkingHours,
    offer,
)
from app.domain.intervals import Interval
from app.domain.session import Format
from app.domain.zones import to_seconds

WINDOWS, RUNS = 10, 200
BOOKINGS = 40
MINUTE = 60
DAY = timedelta(days=1)
NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
NINE, SEVENTEEN = 9 * 60, 17 * 60


def month_of_availability() -> float:
    """Return the milliseconds of one calculation: the median of the fastest window.

    Unlike a ratio, this depends on the machine and its other work.
    """
    calendar, rules, request, window, now = _question()
    assert len(offer(calendar, rules, request, window, now).slots) > BOOKINGS
    return min(
        _window(partial(offer, calendar, rules, request, window, now)) for _ in range(WINDOWS)
    )


def _window(calculate: Callable[[], object]) -> float:
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        calculate()
        took.append(time.perf_counter() - began)
    return median(took) * 1000


def _question() -> tuple[Calendar, SlotRules, SlotSearch, Interval, int]:
    """Build a search for a month: 50-minute sessions, every half hour from 9 to 17 in New York."""
    hours = [HoursInterval(NINE, SEVENTEEN)]
    zone = ZoneInfo("America/New_York")
    days = [NOW + number * DAY for number in range(2, 30)]
    starts = [
        to_seconds(day.replace(hour=hour))
        for day in days
        if day.isoweekday() <= 5
        for hour in (15, 19)
    ][:BOOKINGS]
    calendar = Calendar(
        hours=WorkingHours(zone, dict.fromkeys(range(1, 6), hours), {}),
        sessions=[BusySession(start, start + 50 * MINUTE, 0, 10 * MINUTE) for start in starts],
        blocked=[],
    )
    rules = SlotRules(
        duration=50 * MINUTE,
        buffer_before=0,
        buffer_after=10 * MINUTE,
        step=30 * MINUTE,
        minimum_notice=60 * MINUTE,
        horizon_days=90,
    )
    present = CurrentMeeting(starts[0], Format.VIDEO, None)
    request = SlotSearch(Format.VIDEO, [None], present, may_move=True, may_change_format=True)
    window = Interval(to_seconds(NOW), to_seconds(NOW + 31 * DAY))
    return calendar, rules, request, window, to_seconds(NOW)
