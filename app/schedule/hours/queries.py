"""Queries on practitioners' hours, and on the booked sessions to compare with them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import BigInteger, ColumnElement, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.availability import HoursInterval
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.schedule.hours.records import MAX_OVERRIDE_DAYS, DayHours
from app.schedule.hours.repository import HoursRepository
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.practices import (
    BusyInterval,
    Holiday,
    HoursOverride,
    Practice,
    Practitioner,
    WorkingHours,
)
from app.tables.sessions import Session
from app.web.days import check_days

# A local date differs from the UTC date by at most one day, and hours of the previous evening may
# reach over midnight.
_MARGIN = timedelta(days=3)


async def read_working_hours(
    db: AsyncConnection, staff: Staff, practitioner_id: UUID
) -> list[DayHours]:
    """List a practitioner's weekly hours, starting on Monday.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    await hours.zone()
    return await hours.weekly()


async def read_overrides(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    first: date | None,
    last: date | None,
    *,
    now: datetime,
) -> dict[date, list[HoursInterval]]:
    """List the overridden dates from `first` to `last`, by default for a year from today.

    Both dates are inclusive and in the practitioner's time zone.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: `last` is before `first`, or the range is too long.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    zone = ZoneInfo(await hours.zone())
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=MAX_OVERRIDE_DAYS - 1)
    check_days(first, last, most=MAX_OVERRIDE_DAYS)
    return await hours.overrides(first, last)


async def read_booked_sessions(
    db: AsyncConnection, practice_id: UUID, now: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Any]:
    """Read the booked sessions that start after `now`, soonest first.

    `move_request_id` is the request that a client can still answer at `now`.
    """
    of_request = of_practice(
        practice_id,
        MoveRequest,
        MoveRequest.id == MoveRequestSession.move_request_id,
        MoveRequest.answer_by >= now,
    )
    open_request = (
        select(MoveRequestSession.move_request_id)
        .join(MoveRequest, of_request)
        .where(
            of_practice(
                practice_id,
                MoveRequestSession,
                MoveRequestSession.session_id == Session.id,
                MoveRequestSession.state == "asked",
            )
        )
        .correlate(Session)
        .scalar_subquery()
        .label("move_request_id")
    )
    found = await db.execute(
        select(
            Session.id,
            Session.practitioner_id,
            Session.starts_at,
            Session.ends_at,
            Session.format,
            Session.location_id,
            Session.client_id,
            Session.group_id,
            open_request,
        )
        .where(
            Session.practice_id == practice_id,
            Session.status == Status.BOOKED,
            Session.starts_at > now,
            *conditions,
        )
        .order_by(Session.starts_at, Session.id)
    )
    return found.all()


async def read_scheduled_groups(
    db: AsyncConnection, practice_id: UUID, now: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Any]:
    """Read the groups that start after `now` and are not cancelled, soonest first."""
    found = await db.execute(
        select(
            Group.id,
            Group.practitioner_id,
            Group.starts_at,
            Group.ends_at,
            Group.format,
            Group.location_id,
        )
        .where(
            Group.practice_id == practice_id,
            Group.status == "scheduled",
            Group.starts_at > now,
            *conditions,
        )
        .order_by(Group.starts_at, Group.id)
    )
    return found.all()


async def read_calendars(
    db: AsyncConnection, practice_id: UUID, now: datetime, *conditions: ColumnElement[bool]
) -> Sequence[Any]:
    """Read hours, closed days, time off and busy times: one row per practitioner, as arrays."""
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
        .where(of_practice(practice_id, Holiday, Holiday.date >= since))
        .correlate(Practitioner)
        .scalar_subquery()
    )
    closed_weekdays = (
        select(Practice.closed_weekdays).where(of_practice(practice_id, Practice)).scalar_subquery()
    )
    found = await db.execute(
        select(
            Practitioner.id,
            Practitioner.time_zone,
            _rows(practice_id, hours, week).label("weekly"),
            _rows(practice_id, overrides, dates, overrides.date >= since).label("overrides"),
            holidays.label("holidays"),
            closed_weekdays.label("closed_weekdays"),
            _busy(practice_id, "time_off", now).label("time_off"),
            _busy(practice_id, "external", now).label("elsewhere"),
        ).where(Practitioner.practice_id == practice_id, *conditions)
    )
    return found.all()


def _busy(practice_id: UUID, kind: str, now: datetime) -> Any:  # noqa: ANN401 - an expression
    start = cast(func.floor(func.extract("epoch", BusyInterval.starts_at)), BigInteger)
    end = cast(func.ceil(func.extract("epoch", BusyInterval.ends_at)), BigInteger)
    return _rows(
        practice_id,
        BusyInterval,
        (start, end),
        BusyInterval.kind == kind,
        BusyInterval.ends_at > now,
    )


def _rows(practice_id: UUID, table: Any, columns: Sequence[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
    """Aggregate a practitioner's rows of another table into one JSON array."""
    return (
        select(func.jsonb_agg(func.jsonb_build_array(*columns), type_=JSONB))
        .where(
            of_practice(practice_id, table, table.practitioner_id == Practitioner.id, *conditions)
        )
        .correlate(Practitioner)
        .scalar_subquery()
    )
