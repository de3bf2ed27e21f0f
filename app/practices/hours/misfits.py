"""Which booked sessions to come no longer fit a practitioner's time: two statements."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import seconds_up
from app.availability.rows import working_hours
from app.domain.errors import NotFoundError
from app.domain.intervals import Interval
from app.domain.misfits import BookedTime, MisfitReason, find_misfits
from app.domain.session import Format, Status
from app.domain.zones import to_seconds
from app.practices.models import BusyInterval, HoursOverride, Practitioner, WorkingHours
from app.sessions.models import Session, takes_time

MAX_REPORTED = 100
# Today's local date is at most a day away from that of UTC; hours of the evening before may matter.
_MARGIN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class MisfitRecord:
    """A booked session that does not fit, and why."""

    id: UUID
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
    """Report the booked sessions that start after `now` and do not fit as things stand.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    calendar = await _read_calendar(db, practice_id, practitioner_id, now)
    rows = (await db.execute(_sessions(practice_id, practitioner_id, now))).all()
    found = find_misfits(
        working_hours(calendar.time_zone, calendar.weekly, calendar.overrides),
        _intervals(calendar.time_off),
        _intervals(calendar.elsewhere),
        [
            BookedTime(
                row.id,
                to_seconds(row.starts_at),
                seconds_up(row.ends_at),
                Format(row.format),
                row.location_id,
            )
            for row in rows
        ],
    )
    by_id = {row.id: row for row in rows}
    first = [
        MisfitRecord(
            id=row.id,
            starts_at=row.starts_at,
            ends_at=row.ends_at,
            format=Format(row.format),
            location_id=row.location_id,
            client_id=row.client_id,
            reasons=misfit.reasons,
        )
        for misfit in found[:MAX_REPORTED]
        for row in [by_id[misfit.session_id]]
    ]
    return Misfits(len(found), first)


def _sessions(practice_id: UUID, practitioner_id: UUID, now: datetime) -> Any:  # noqa: ANN401
    return (
        select(
            Session.id,
            Session.starts_at,
            Session.ends_at,
            Session.format,
            Session.location_id,
            Session.client_id,
        )
        .where(
            Session.practice_id == practice_id,
            Session.practitioner_id == practitioner_id,
            Session.status == Status.BOOKED,
            takes_time(Session),  # as every booked one does; the index asks for it
            Session.starts_at > now,
        )
        .order_by(Session.starts_at, Session.id)
    )


async def _read_calendar(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, now: datetime
) -> Any:  # noqa: ANN401 - a row of JSON arrays
    hours, overrides = WorkingHours, HoursOverride
    row = (
        await db.execute(
            select(
                Practitioner.time_zone,
                _rows(
                    hours,
                    [
                        hours.weekday,
                        hours.start_minute,
                        hours.end_minute,
                        hours.format,
                        hours.location_id,
                    ],
                ).label("weekly"),
                _rows(
                    overrides,
                    [
                        overrides.date,
                        overrides.start_minute,
                        overrides.end_minute,
                        overrides.format,
                        overrides.location_id,
                    ],
                    overrides.date >= (now - _MARGIN).date(),
                ).label("overrides"),
                _busy("time_off", now).label("time_off"),
                _busy("external", now).label("elsewhere"),
            ).where(Practitioner.practice_id == practice_id, Practitioner.id == practitioner_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _busy(kind: str, now: datetime) -> Any:  # noqa: ANN401 - an expression
    start = cast(func.floor(func.extract("epoch", BusyInterval.starts_at)), BigInteger)
    end = cast(func.ceil(func.extract("epoch", BusyInterval.ends_at)), BigInteger)
    return _rows(BusyInterval, [start, end], BusyInterval.kind == kind, BusyInterval.ends_at > now)


def _rows(table: Any, columns: list[Any], *conditions: Any) -> Any:  # noqa: ANN401 - expressions
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
