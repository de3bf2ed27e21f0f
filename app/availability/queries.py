"""Reading a session with its practitioner's calendar: one statement, whatever the range."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from math import ceil
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import ARRAY, BigInteger, Date, DateTime, Text, bindparam, cast, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from app.auth.tokens import Caller
from app.database.reading import Row, Source
from app.domain.availability import (
    MINUTE,
    BusySession,
    Calendar,
    EmptyReason,
    HoursInterval,
    Meeting,
    Offer,
    Request,
    SlotRules,
    WorkingHours,
    bookable,
    offer,
)
from app.domain.errors import InvalidInputError
from app.domain.intervals import Interval
from app.domain.policy import Action, is_allowed, move_window
from app.domain.session import Format
from app.domain.zones import EPOCH, from_seconds, start_of_day, to_seconds
from app.practices.models import BusyInterval, HoursOverride, Practitioner
from app.practices.models import WorkingHours as WeeklyHours
from app.practices.policies import rules_of
from app.sessions.models import Session, is_booked
from app.sessions.queries import Viewer, details_statement, read_row
from app.sessions.records import SessionRecord
from app.sessions.rows import to_record

MAX_DAYS = 62
DEFAULT_DAYS = 31
# Weekly limits count whole ISO weeks, and a range of local dates may begin a day early in UTC.
MARGIN = timedelta(days=9)
# A session has at most a day, and so has each of its buffers.
LONGEST = timedelta(days=3)
_INSTANT = DateTime(timezone=True)


@dataclass(frozen=True, slots=True)
class Availability:
    """What is on offer for a session in a range of the viewer's dates, both inclusive."""

    record: SessionRecord
    format: Format
    zone: ZoneInfo
    first: date
    last: date
    offer: Offer
    next_available: date | None


def _seconds(instant: Any, rounding: Any) -> Any:  # noqa: ANN401 - column expressions
    # Not `extract`, which counts in decimal numbers and takes several times as long.
    return cast(rounding(func.date_part("epoch", instant)), BigInteger)


def _calendar_columns() -> list[Any]:
    since, until = bindparam("since", type_=_INSTANT), bindparam("until", type_=_INSTANT)
    sessions_since = bindparam("sessions_since", type_=_INSTANT)
    other = aliased(Session)
    own = aliased(Session)
    hours = (
        WeeklyHours.weekday,
        WeeklyHours.start_minute,
        WeeklyHours.end_minute,
        WeeklyHours.format,
        WeeklyHours.location_id,
    )
    overrides = (
        HoursOverride.date,
        HoursOverride.start_minute,
        HoursOverride.end_minute,
        HoursOverride.format,
        HoursOverride.location_id,
    )
    return [
        _rows(
            hours,
            WeeklyHours.practice_id == Session.practice_id,
            WeeklyHours.practitioner_id == Session.practitioner_id,
        ).label("weekly"),
        _rows(
            overrides,
            HoursOverride.practice_id == Session.practice_id,
            HoursOverride.practitioner_id == Session.practitioner_id,
            HoursOverride.date.between(
                bindparam("first_date", type_=Date), bindparam("last_date", type_=Date)
            ),
        ).label("overrides"),
        _numbers(
            (
                _seconds(other.starts_at, func.floor),
                _seconds(other.ends_at, func.ceil),
                cast(other.buffer_before_minutes * MINUTE, BigInteger),
                cast(other.buffer_after_minutes * MINUTE, BigInteger),
            ),
            other.practice_id == Session.practice_id,
            other.practitioner_id == Session.practitioner_id,
            is_booked(other),
            other.starts_at.between(sessions_since, until),
            other.id != Session.id,
        ).label("taken"),
        _numbers(
            (_seconds(own.starts_at, func.floor), _seconds(own.ends_at, func.ceil)),
            own.practice_id == Session.practice_id,
            own.client_id == Session.client_id,
            is_booked(own),
            own.starts_at.between(sessions_since, until),
            own.id != Session.id,
        ).label("elsewhere"),
        _numbers(
            (
                _seconds(BusyInterval.starts_at, func.floor),
                _seconds(BusyInterval.ends_at, func.ceil),
            ),
            BusyInterval.practice_id == Session.practice_id,
            BusyInterval.practitioner_id == Session.practitioner_id,
            BusyInterval.ends_at > since,
            BusyInterval.starts_at < until,
        ).label("busy"),
        Practitioner.sessions_per_day,
        Practitioner.sessions_per_week,
        Practitioner.active.label("practitioner_active"),
    ]


def _rows(columns: Sequence[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Gather the rows of another table into one JSON array, for the session of the statement."""
    return (
        select(cast(func.json_agg(func.json_build_array(*columns)), Text))
        .where(*conditions)
        .correlate(Session)
        .scalar_subquery()
    )


def _numbers(columns: Sequence[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Gather rows of whole numbers into one array of arrays: much cheaper than JSON."""
    return (
        select(func.array_agg(array(columns), type_=ARRAY(BigInteger, dimensions=2)))
        .where(*conditions)
        .correlate(Session)
        .scalar_subquery()
    )


_WITH_CALENDAR = details_statement(*_calendar_columns())


async def read_with_calendar(
    db: Source, viewer: Viewer, session_id: UUID, first: date, last: date
) -> tuple[SessionRecord, Calendar]:
    """Read a session and all that takes its practitioner's time around these dates.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    row = await read_row(
        db,
        _WITH_CALENDAR,
        viewer,
        session_id,
        first_date=first - MARGIN,
        last_date=last + MARGIN,
        since=_midnight(first) - MARGIN,
        sessions_since=_midnight(first) - MARGIN - LONGEST,
        until=_midnight(last) + MARGIN,
    )
    return to_record(row), _calendar(row)


async def read_availability(
    db: Source,
    caller: Caller,
    session_id: UUID,
    *,
    first: date | None,
    last: date | None,
    format_: Format | None,
    zone: ZoneInfo | None,
    now: datetime,
) -> Availability:
    """Find what is on offer from `first` to `last`, by default a month from today.

    Dates are the viewer's: in `zone`, or in the client's where none is named. At most two round
    trips; the second only where nothing is free, to find the next date that is, and a third where
    that could be the session's own, in another format.

    Raises:
        InvalidInputError: the range is the wrong way round or too long, or the service has no such
            format.
        UnauthorizedError: the caller's token was revoked.
        NotFoundError: the caller has no such session.
    """
    around = first or now.date()
    until = last or around + timedelta(days=DEFAULT_DAYS)
    # A range that will be refused below is not read whole first.
    reach = min(max(until, around), around + timedelta(days=MAX_DAYS))
    record, calendar = await read_with_calendar(db, caller, session_id, around, reach)
    zone = zone or record.client_zone
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=DEFAULT_DAYS - 1)
    _check_range(first, last)
    request = move_request(record, format_ or record.format, now)
    window = Interval(_first_second(first, zone), _first_second(last + timedelta(days=1), zone))
    found = offer(calendar, slot_rules(record), request, window, seconds_up(now))
    next_available = None
    if found.empty_reason not in {None, EmptyReason.RESCHEDULE_REFUSED}:
        next_available = await _next_available(
            db, caller, record, calendar, request, window.end, zone, now
        )
    return Availability(record, request.format, zone, first, last, found, next_available)


async def _next_available(
    db: Source,
    caller: Caller,
    record: SessionRecord,
    calendar: Calendar,
    request: Request,
    after: int,
    zone: ZoneInfo,
    now: datetime,
) -> date | None:
    rules, instant = slot_rules(record), seconds_up(now)
    end_of_time = to_seconds(now) + (rules.horizon_days + 2) * 24 * 60 * MINUTE
    windows = [bookable(calendar, rules, request, Interval(after, end_of_time), instant)]
    present = request.present
    places = {(request.format, location_id) for location_id in request.location_ids}
    if present.start >= after and places - {(present.format, present.location_id)}:
        # Neither notice nor horizon matters to a change of format.
        windows.append(Interval(present.start, present.start + 1))
    starts = []
    for window in windows:
        if window.start < window.end:
            first, last = from_seconds(window.start).date(), from_seconds(window.end).date()
            _, calendar = await read_with_calendar(db, caller, record.id, first, last)
            starts += [
                slot.start for slot in offer(calendar, rules, request, window, instant).slots[:1]
            ]
    return from_seconds(min(starts)).astimezone(zone).date() if starts else None


def move_request(record: SessionRecord, format_: Format, now: datetime) -> Request:
    """Say what the client of a session may look for, under its policy.

    Raises:
        InvalidInputError: the service is not on offer in this format.
    """
    choices = [choice for choice in record.formats if choice.kind is format_]
    # The session keeps a format that is off offer now; it cannot be moved in it, so has no slots.
    if not choices and format_ is not record.format:
        raise InvalidInputError("/format", "the service has no such format", where="query")
    policy, facts = rules_of(record.policy), record.facts
    return Request(
        format=format_,
        location_ids=[
            None if choice.location is None else choice.location.id for choice in choices
        ],
        present=Meeting(to_seconds(record.starts_at), record.format, record.location_id),
        may_move=is_allowed(policy, Action.RESCHEDULE, facts, now),
        may_change_format=is_allowed(policy, Action.CHANGE_FORMAT, facts, now),
        move_window=move_window(policy, facts),
    )


def slot_rules(record: SessionRecord) -> SlotRules:
    """Give the rules of a session's slots.

    Its length and buffers are its own, for life; step, notice and horizon are the service's as they
    are now (product.md section 10, "What a session keeps").
    """
    return SlotRules(
        duration=to_seconds(record.ends_at) - to_seconds(record.starts_at),
        buffer_before=record.buffer_before_minutes * MINUTE,
        buffer_after=record.buffer_after_minutes * MINUTE,
        step=record.step_minutes * MINUTE,
        minimum_notice=record.minimum_notice_minutes * MINUTE,
        horizon_days=record.horizon_days,
    )


def seconds_up(instant: datetime) -> int:
    """Round an instant up to whole seconds, so that minimum notice is never cut short."""
    return ceil((instant - EPOCH) / timedelta(seconds=1))


def _check_range(first: date, last: date) -> None:
    if last < first:
        raise InvalidInputError("/to", f"must not be before {first}", where="query")
    if (last - first).days >= MAX_DAYS:
        raise InvalidInputError("/to", f"a range has at most {MAX_DAYS} days", where="query")


def _midnight(day: date) -> datetime:
    return EPOCH + (day - EPOCH.date())


def _first_second(day: date, zone: ZoneInfo) -> int:
    return to_seconds(start_of_day(day, zone))


def _calendar(row: Row) -> Calendar:
    blocked = [*(row["busy"] or ()), *(row["elsewhere"] or ())]
    is_open = row["practitioner_active"]
    return Calendar(
        hours=_hours_in(
            row["practitioner_zone"],
            row["weekly"] if is_open else None,
            row["overrides"] if is_open else None,
        ),
        sessions=[BusySession._make(session) for session in row["taken"] or ()],
        blocked=[Interval._make(interval) for interval in blocked],
        sessions_per_day=row["sessions_per_day"],
        sessions_per_week=row["sessions_per_week"],
    )


@lru_cache(maxsize=1024)
def _hours_in(zone: str, weekly: str | None, overrides: str | None) -> WorkingHours:
    """Read hours from JSON. The same text always means the same."""
    return working_hours(zone, orjson.loads(weekly or "[]"), orjson.loads(overrides or "[]"))


def working_hours(
    zone: str, weekly_rows: list[Any] | None, override_rows: list[Any] | None
) -> WorkingHours:
    """Turn rows gathered in JSON arrays into hours. An override without minutes closes its date."""
    weekly: dict[int, list[HoursInterval]] = defaultdict(list)
    for weekday, *interval in weekly_rows or []:
        weekly[weekday].append(_hours(*interval))
    overrides: dict[date, list[HoursInterval]] = defaultdict(list)
    for day, start, *interval in override_rows or []:
        intervals = overrides[date.fromisoformat(day)]
        if start is not None:
            intervals.append(_hours(start, *interval))
    return WorkingHours(ZoneInfo(zone), weekly, overrides)


def _hours(start: int, end: int, format_: str | None, location_id: str | None) -> HoursInterval:
    return HoursInterval(
        start,
        end,
        None if format_ is None else Format(format_),
        None if location_id is None else UUID(location_id),
    )
