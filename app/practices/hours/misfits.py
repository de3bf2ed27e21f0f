"""Which booked sessions to come no longer fit a practitioner's time: two statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import seconds_up
from app.availability.rows import working_hours
from app.domain.errors import NotFoundError
from app.domain.intervals import Interval
from app.domain.misfits import BookedTime, Misfit, MisfitReason, find_misfits
from app.domain.session import Format, Status
from app.domain.zones import to_seconds
from app.practices.models import (
    BusyInterval,
    Holiday,
    HoursOverride,
    Practitioner,
    WorkingHours,
)
from app.sessions.models import Session, takes_time

MAX_REPORTED = 100
# Today's local date is at most a day away from that of UTC; hours of the evening before may matter.
_MARGIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class MisfitRecord:
    """A booked session that does not fit, and why."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    client_id: UUID
    reasons: list[MisfitReason]


@dataclass(frozen=True, slots=True)
class Misfits:
    """How many sessions do not fit, and the first of them, soonest first."""

    count: int
    first: list[MisfitRecord]


async def read_misfits(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, now: datetime
) -> Misfits:
    """Report a practitioner's booked sessions that start after `now` and do not fit.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    calendars = await _read_calendars(db, practice_id, now, Practitioner.id == practitioner_id)
    if not calendars:
        raise NotFoundError
    of_practitioner = Session.practitioner_id == practitioner_id
    return _report(calendars, await _read_sessions(db, practice_id, now, of_practitioner))


async def read_misfits_of_practice(
    db: AsyncConnection, practice_id: UUID, now: datetime
) -> Misfits:
    """Report the booked sessions of all practitioners that start after `now` and do not fit."""
    calendars = await _read_calendars(db, practice_id, now)
    return _report(calendars, await _read_sessions(db, practice_id, now))


def _report(calendars: Sequence[Any], sessions: Sequence[Any]) -> Misfits:
    """Judge each practitioner's sessions. Both arguments are rows, `sessions` in their order."""
    by_practitioner: dict[UUID, list[BookedTime]] = defaultdict(list)
    for row in sessions:
        by_practitioner[row.practitioner_id].append(
            BookedTime(
                row.id,
                to_seconds(row.starts_at),
                seconds_up(row.ends_at),
                Format(row.format),
                row.location_id,
            )
        )
    reasons = {
        misfit.session_id: misfit.reasons
        for calendar in calendars
        for misfit in _of_practitioner(calendar, by_practitioner[calendar.id])
    }
    misfits = [row for row in sessions if row.id in reasons]
    first = [_record(row, reasons[row.id]) for row in misfits[:MAX_REPORTED]]
    return Misfits(len(misfits), first)


def _of_practitioner(calendar: Any, sessions: Sequence[BookedTime]) -> list[Misfit]:  # noqa: ANN401
    return find_misfits(
        working_hours(calendar.time_zone, calendar.weekly, calendar.overrides, calendar.holidays),
        _intervals(calendar.time_off),
        _intervals(calendar.elsewhere),
        sessions,
    )


def _record(row: Any, reasons: list[MisfitReason]) -> MisfitRecord:  # noqa: ANN401 - a row
    return MisfitRecord(
        id=row.id,
        practitioner_id=row.practitioner_id,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        format=Format(row.format),
        location_id=row.location_id,
        client_id=row.client_id,
        reasons=reasons,
    )


async def _read_sessions(
    db: AsyncConnection, practice_id: UUID, now: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Any]:
    found = await db.execute(
        select(
            Session.id,
            Session.practitioner_id,
            Session.starts_at,
            Session.ends_at,
            Session.format,
            Session.location_id,
            Session.client_id,
        )
        .where(
            Session.practice_id == practice_id,
            Session.status == Status.BOOKED,
            takes_time(Session),  # as every booked one does; the index asks for it
            Session.starts_at > now,
            *conditions,
        )
        .order_by(Session.starts_at, Session.id)
    )
    return found.all()


async def _read_calendars(
    db: AsyncConnection, practice_id: UUID, now: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Any]:
    """Read the time of practitioners: a row each, with JSON arrays."""
    hours, overrides, since = WorkingHours, HoursOverride, (now - _MARGIN).date()
    week = (
        hours.weekday,
        hours.start_minute,
        hours.end_minute,
        hours.format,
        hours.location_id,
    )
    dates = (
        overrides.date,
        overrides.start_minute,
        overrides.end_minute,
        overrides.format,
        overrides.location_id,
    )
    holidays = (
        select(func.jsonb_agg(Holiday.date, type_=JSONB))
        .where(Holiday.practice_id == Practitioner.practice_id, Holiday.date >= since)
        .correlate(Practitioner)
        .scalar_subquery()
    )
    found = await db.execute(
        select(
            Practitioner.id,
            Practitioner.time_zone,
            _rows(hours, week).label("weekly"),
            _rows(overrides, dates, overrides.date >= since).label("overrides"),
            holidays.label("holidays"),
            _busy("time_off", now).label("time_off"),
            _busy("external", now).label("elsewhere"),
        ).where(Practitioner.practice_id == practice_id, *conditions)
    )
    return found.all()


def _busy(kind: str, now: datetime) -> Any:  # noqa: ANN401 - an expression
    start = cast(func.floor(func.extract("epoch", BusyInterval.starts_at)), BigInteger)
    end = cast(func.ceil(func.extract("epoch", BusyInterval.ends_at)), BigInteger)
    return _rows(BusyInterval, (start, end), BusyInterval.kind == kind, BusyInterval.ends_at > now)


def _rows(table: Any, columns: Sequence[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Gather the rows of a practitioner's in another table into one JSON array."""
    return (
        select(func.jsonb_agg(func.jsonb_build_array(*columns), type_=JSONB))
        .where(
            table.practice_id == Practitioner.practice_id,
            table.practitioner_id == Practitioner.id,
            *conditions,
        )
        .correlate(Practitioner)
        .scalar_subquery()
    )


def _intervals(rows: list[list[int]] | None) -> list[Interval]:
    return [Interval(start, end) for start, end in rows or []]
