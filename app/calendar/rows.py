"""Turn database rows into a practitioner's `Calendar`."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app.database.statements import Row
from app.domain.availability import BusySession, Calendar, HeldTime, HoursInterval, WorkingHours
from app.domain.intervals import Interval
from app.domain.session import Format

_ALWAYS = {weekday: [HoursInterval(0, 24 * 60)] for weekday in range(1, 8)}


def to_calendar(row: Row, *, forced: bool = False) -> Calendar:
    """Turn a row with `calendar_columns` into the practitioner's calendar.

    `forced`: the practitioner works at all times, has no busy time, and nothing is held; only
    sessions take time.
    """
    blocked = [*(() if forced else row["busy"] or ()), *(row["elsewhere"] or ())]
    is_open = row["practitioner_active"]
    hours = _hours_in(
        row["practitioner_zone"],
        row["weekly"] if is_open else None,
        row["overrides"] if is_open else None,
        row["holidays"],
        tuple(row["closed_weekdays"]),
    )
    return Calendar(
        hours=WorkingHours(hours.zone, _ALWAYS, {}) if forced else hours,
        sessions=[BusySession(*session) for session in row["taken"] or ()],
        blocked=[Interval(*interval) for interval in blocked],
        held=() if forced else [HeldTime(*held) for held in row["held"] or ()],
        sessions_per_day=row["sessions_per_day"],
        sessions_per_week=row["sessions_per_week"],
    )


@lru_cache(maxsize=1024)
def _hours_in(
    zone: str,
    weekly: str | None,
    overrides: str | None,
    holidays: str | None,
    closed_weekdays: tuple[int, ...],
) -> WorkingHours:
    """Parse hours from JSON text. Cached by that text."""
    weekly_rows, override_rows, dates = (
        orjson.loads(text or "[]") for text in (weekly, overrides, holidays)
    )
    return working_hours(zone, weekly_rows, override_rows, dates, closed_weekdays)


def working_hours(
    zone: str,
    weekly_rows: list[Any] | None,
    override_rows: list[Any] | None,
    holidays: list[str] | None,
    closed_weekdays: Sequence[int],
) -> WorkingHours:
    """Turn rows from JSON arrays into working hours.

    An override without minutes closes its date. A holiday closes its date, and a closed weekday its
    dates, unless the practitioner has an override for the date.
    """
    weekly: dict[int, list[HoursInterval]] = defaultdict(list)
    for weekday, *interval in weekly_rows or []:
        if weekday not in closed_weekdays:
            weekly[weekday].append(_hours(*interval))
    overrides: dict[date, list[HoursInterval]] = defaultdict(list)
    for day, start, *interval in override_rows or []:
        intervals = overrides[date.fromisoformat(day)]
        if start is not None:
            intervals.append(_hours(start, *interval))
    for day in holidays or []:
        overrides.setdefault(date.fromisoformat(day), [])
    return WorkingHours(ZoneInfo(zone), weekly, overrides)


def _hours(start: int, end: int, format_: str | None, location_id: str | None) -> HoursInterval:
    return HoursInterval(
        start,
        end,
        None if format_ is None else Format(format_),
        None if location_id is None else UUID(location_id),
    )
