"""Turning the rows of app/availability/statements.py into what availability is calculated from."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from app.database.reading import Row
from app.domain.availability import BusySession, Calendar, HoursInterval, WorkingHours
from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.session import Format, SessionFacts, Status
from app.practices.policies import StoredPolicy
from app.sessions.read.records import OfferedFormat
from app.sessions.read.rows import carried_of, contact_of, formats_of, policy_of


class SessionToMove(NamedTuple):
    """What has to be known of a session to look for other times; all of it is in its record too."""

    id: UUID
    client_zone: ZoneInfo
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    facts: SessionFacts
    policy: StoredPolicy | None
    formats: Sequence[OfferedFormat]
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int


def to_session_to_move(row: Row) -> SessionToMove:
    """Turn a row of the page's statement into the session."""
    starts_at = row["starts_at"]
    facts = SessionFacts(
        status=Status(row["status"]),
        starts_at=starts_at,
        booked_starts_at=row["booked_starts_at"],
        zone=ZoneInfo(row["policy_time_zone"]),
        price=Money(row["price_minor"], row["currency"]),
        paid_by_credit=row["pays"],
        client_moves=row["client_moves"],
        carried=carried_of(row["carried_fee_minor"], row["currency"], row["carried_forfeit"]),
        contact=contact_of(row),
    )
    return SessionToMove(
        id=row["found_id"],
        client_zone=ZoneInfo(row["client_zone"]),
        starts_at=starts_at,
        ends_at=row["ends_at"],
        format=Format(row["format"]),
        location_id=row["location_id"],
        facts=facts,
        policy=policy_of(row),
        formats=formats_of(row["formats"]),
        buffer_before_minutes=row["buffer_before_minutes"],
        buffer_after_minutes=row["buffer_after_minutes"],
        step_minutes=row["step_minutes"],
        minimum_notice_minutes=row["minimum_notice_minutes"],
        horizon_days=row["horizon_days"],
    )


def to_calendar(row: Row) -> Calendar:
    """Turn a row of either statement into the practitioner's calendar."""
    blocked = [*(row["busy"] or ()), *(row["elsewhere"] or ())]
    is_open = row["practitioner_active"]
    return Calendar(
        hours=_hours_in(
            row["practitioner_zone"],
            row["weekly"] if is_open else None,
            row["overrides"] if is_open else None,
            row["holidays"],
        ),
        sessions=[BusySession(*session) for session in row["taken"] or ()],
        blocked=[Interval(*interval) for interval in blocked],
        sessions_per_day=row["sessions_per_day"],
        sessions_per_week=row["sessions_per_week"],
    )


@lru_cache(maxsize=1024)
def _hours_in(
    zone: str, weekly: str | None, overrides: str | None, holidays: str | None
) -> WorkingHours:
    """Read hours from JSON. The same text always means the same."""
    weekly_rows, override_rows, dates = (
        orjson.loads(text or "[]") for text in (weekly, overrides, holidays)
    )
    return working_hours(zone, weekly_rows, override_rows, dates)


def working_hours(
    zone: str,
    weekly_rows: list[Any] | None,
    override_rows: list[Any] | None,
    holidays: list[str] | None,
) -> WorkingHours:
    """Turn rows gathered in JSON arrays into hours. An override without minutes closes its date.

    A holiday closes its date unless the practitioner has an override of it.
    """
    weekly: dict[int, list[HoursInterval]] = defaultdict(list)
    for weekday, *interval in weekly_rows or []:
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
