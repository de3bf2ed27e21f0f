"""The statement that reads working hours and taken time of a practitioner and a client."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Date,
    DateTime,
    Integer,
    Text,
    bindparam,
    cast,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from app.database.statements import Read
from app.domain.availability import MINUTE
from app.tables.held import NOW
from app.tables.held_times import HeldTime
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import (
    BusyInterval,
    Holiday,
    HoursOverride,
    Practice,
    Practitioner,
    WorkingHours,
)
from app.tables.sessions import Session
from app.tables.taken_times import TakenTime

_INSTANT = DateTime(timezone=True)
SINCE, UNTIL = bindparam("since", type_=_INSTANT), bindparam("until", type_=_INSTANT)
_SESSIONS_SINCE = bindparam("sessions_since", type_=_INSTANT)


def seconds_of(instant: Any, rounding: Any) -> Any:  # noqa: ANN401 - column expressions
    """Turn an instant into seconds since the epoch."""
    # `extract` calculates in `numeric`, which takes several times as long as `date_part`.
    return cast(rounding(func.date_part("epoch", instant)), BigInteger)


class CalendarKeys(NamedTuple):
    """Keys of the calendar to read: columns of a session's row, or bind parameters."""

    practitioner_id: Any
    client_id: Any
    own_id: Any


OF_SESSION = CalendarKeys(Session.practitioner_id, Session.client_id, Session.id)


AS_PARAMETERS = CalendarKeys(*(bindparam(name) for name in CalendarKeys._fields))


def calendar_columns(of: CalendarKeys) -> list[Any]:
    """Build the columns for working hours, taken and held time, without those of `own_id`."""
    hours = (
        WorkingHours.weekday,
        WorkingHours.start_minute,
        WorkingHours.end_minute,
        WorkingHours.format,
        WorkingHours.location_id,
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
            func.json_build_array(*hours),
            of_practice(PRACTICE, WorkingHours),
            WorkingHours.practitioner_id == of.practitioner_id,
        ).label("weekly"),
        _rows(
            func.json_build_array(*overrides),
            of_practice(PRACTICE, HoursOverride),
            HoursOverride.practitioner_id == of.practitioner_id,
            HoursOverride.date.between(
                bindparam("first_date", type_=Date), bindparam("last_date", type_=Date)
            ),
        ).label("overrides"),
        _rows(
            Holiday.date,
            of_practice(PRACTICE, Holiday),
            Holiday.date.between(
                bindparam("first_date", type_=Date), bindparam("last_date", type_=Date)
            ),
        ).label("holidays"),
        select(Practice.closed_weekdays)
        .where(of_practice(PRACTICE, Practice))
        .correlate(Session)
        .scalar_subquery()
        .label("closed_weekdays"),
        _numbers(
            (
                seconds_of(TakenTime.starts_at, func.floor),
                seconds_of(TakenTime.ends_at, func.ceil),
                cast(TakenTime.buffer_before_minutes * MINUTE, BigInteger),
                cast(TakenTime.buffer_after_minutes * MINUTE, BigInteger),
                cast(cast(TakenTime.counts, Integer), BigInteger),
            ),
            of_practice(PRACTICE, TakenTime),
            TakenTime.practitioner_id == of.practitioner_id,
            TakenTime.starts_at.between(_SESSIONS_SINCE, UNTIL),
            TakenTime.id != of.own_id,
        ).label("taken"),
        _numbers(
            (
                seconds_of(HeldTime.starts_at, func.floor),
                seconds_of(HeldTime.ends_at, func.ceil),
                cast(HeldTime.buffer_before_minutes * MINUTE, BigInteger),
                cast(HeldTime.buffer_after_minutes * MINUTE, BigInteger),
                seconds_of(HeldTime.expires_at, func.ceil),
            ),
            of_practice(PRACTICE, HeldTime),
            HeldTime.practitioner_id == of.practitioner_id,
            HeldTime.expires_at > NOW,
            HeldTime.group_id.is_(None),
            HeldTime.starts_at.between(_SESSIONS_SINCE, UNTIL),
            HeldTime.session_id.is_distinct_from(of.own_id),
        ).label("held"),
        client_time(of),
        _numbers(
            (
                seconds_of(BusyInterval.starts_at, func.floor),
                seconds_of(BusyInterval.ends_at, func.ceil),
            ),
            of_practice(PRACTICE, BusyInterval),
            BusyInterval.practitioner_id == of.practitioner_id,
            BusyInterval.ends_at > SINCE,
            BusyInterval.starts_at < UNTIL,
        ).label("busy"),
        Practitioner.sessions_per_day,
        Practitioner.sessions_per_week,
        Practitioner.active.label("practitioner_active"),
    ]


def client_time(of: CalendarKeys) -> Any:  # noqa: ANN401 - a column expression
    """Build the column for the time that the client's other sessions take, seats included."""
    own = aliased(Session)
    return _numbers(
        (seconds_of(own.starts_at, func.floor), seconds_of(own.taken_until, func.ceil)),
        of_practice(PRACTICE, own),
        own.client_id == of.client_id,
        own.taken_until.is_not(None),
        own.starts_at.between(_SESSIONS_SINCE, UNTIL),
        own.id != of.own_id,
    ).label("elsewhere")


def _rows(row: Any, *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Aggregate the rows of another table into one JSON array, as text."""
    return (
        select(cast(func.json_agg(row), Text))
        .where(*conditions)
        .correlate(Session)
        .scalar_subquery()
    )


def _numbers(columns: Sequence[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Aggregate rows of integers into a two-dimensional array, which is much cheaper than JSON."""
    return (
        select(func.array_agg(array(columns), type_=ARRAY(BigInteger, dimensions=2)))
        .where(*conditions)
        .correlate(Session)
        .scalar_subquery()
    )


CALENDAR = Read(
    select(
        Practitioner.time_zone.label("practitioner_zone"), *calendar_columns(AS_PARAMETERS)
    ).where(
        Practitioner.practice_id == bindparam("practice_id"),
        Practitioner.id == bindparam("practitioner_id"),
    )
)
