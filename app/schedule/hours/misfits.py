"""Find future sessions and groups that no longer fit a practitioner's time: three statements."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.rows import working_hours
from app.domain.errors import NotFoundError
from app.domain.intervals import Interval
from app.domain.misfits import BookedTime, Misfit, MisfitReason, find_misfits
from app.domain.session import Format
from app.domain.zones import seconds_up, to_seconds
from app.schedule.hours.queries import (
    read_booked_sessions,
    read_calendars,
    read_scheduled_groups,
)
from app.tables.groups import Group
from app.tables.practices import Practitioner
from app.tables.sessions import Session

MAX_REPORTED = 100


@dataclass(frozen=True, slots=True)
class MisfitRecord:
    """A booked session that does not fit, with all reasons, and its open move request if any."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    client_id: UUID
    group_id: UUID | None
    move_request_id: UUID | None
    reasons: list[MisfitReason]


@dataclass(frozen=True, slots=True)
class MisfitGroup:
    """A group that does not fit, also an empty one, with all reasons."""

    id: UUID
    practitioner_id: UUID
    starts_at: datetime
    ends_at: datetime
    format: Format
    location_id: UUID | None
    reasons: list[MisfitReason]


@dataclass(frozen=True, slots=True)
class Misfits:
    """The number of sessions that do not fit, and the first 100 of them, soonest first.

    `groups` are the first 100 groups that do not fit; their seats are among the sessions.
    """

    count: int
    first: list[MisfitRecord]
    groups: list[MisfitGroup]


async def read_misfits(
    db: AsyncConnection, practice_id: UUID, practitioner_id: UUID, now: datetime
) -> Misfits:
    """Report a practitioner's booked sessions that start after `now` and do not fit.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    calendars = await read_calendars(db, practice_id, now, Practitioner.id == practitioner_id)
    if not calendars:
        raise NotFoundError
    sessions = await read_booked_sessions(
        db, practice_id, now, Session.practitioner_id == practitioner_id
    )
    groups = await read_scheduled_groups(
        db, practice_id, now, Group.practitioner_id == practitioner_id
    )
    return _report(calendars, sessions, groups)


async def read_misfits_of_practice(
    db: AsyncConnection, practice_id: UUID, now: datetime
) -> Misfits:
    """Report the booked sessions of all practitioners that start after `now` and do not fit."""
    calendars = await read_calendars(db, practice_id, now)
    sessions = await read_booked_sessions(db, practice_id, now)
    return _report(calendars, sessions, await read_scheduled_groups(db, practice_id, now))


def _report(calendars: Sequence[Any], sessions: Sequence[Any], groups: Sequence[Any]) -> Misfits:
    """Check each practitioner's sessions and groups. All arguments are rows, in their order."""
    by_practitioner: dict[UUID, list[BookedTime]] = defaultdict(list)
    for row in (*sessions, *groups):
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
    return Misfits(
        len(misfits),
        [
            MisfitRecord(
                **_fields(row, reasons[row.id]),
                client_id=row.client_id,
                group_id=row.group_id,
                move_request_id=row.move_request_id,
            )
            for row in misfits[:MAX_REPORTED]
        ],
        [
            MisfitGroup(**_fields(row, reasons[row.id]))
            for row in [row for row in groups if row.id in reasons][:MAX_REPORTED]
        ],
    )


def _of_practitioner(calendar: Any, sessions: Sequence[BookedTime]) -> list[Misfit]:  # noqa: ANN401
    return find_misfits(
        working_hours(
            calendar.time_zone,
            calendar.weekly,
            calendar.overrides,
            calendar.holidays,
            calendar.closed_weekdays,
        ),
        _intervals(calendar.time_off),
        _intervals(calendar.elsewhere),
        sessions,
    )


def _fields(row: Any, reasons: list[MisfitReason]) -> dict[str, Any]:  # noqa: ANN401 - a row
    return {
        "id": row.id,
        "practitioner_id": row.practitioner_id,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "format": Format(row.format),
        "location_id": row.location_id,
        "reasons": reasons,
    }


def _intervals(rows: list[list[int]] | None) -> list[Interval]:
    return [Interval(start, end) for start, end in rows or []]
