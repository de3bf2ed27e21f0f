"""Read groups of a practice, in one statement each."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Filter, Part, before_instant, equal, from_instant, in_order, matching
from app.database.statements import Row
from app.domain.errors import NotFoundError
from app.domain.session import Format
from app.groups.records import GroupDetails, SeatRules
from app.outbox.due import due_in_open_practices
from app.sessions.read.records import SessionLocation
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import Location, Practitioner, Service
from app.tables.seats import seats_left, seats_taken
from app.web.cursors import TimePosition

FILTERS: Mapping[str, Filter] = {
    "practitioner": equal(Group.practitioner_id),
    "service": equal(Group.service_id),
    "location": equal(Group.location_id),
    "status": equal(Group.status),
    "since": from_instant(Group.starts_at),
    "until": before_instant(Group.starts_at),
}
# The columns that `GroupDetails` and `SeatRules` have under the same names.
_SAME = (
    "practice_id",
    "id",
    "external_ref",
    "status",
    "version",
    "calendar_sequence",
    "starts_at",
    "ends_at",
    "service_id",
    "practitioner_id",
    "join_url",
    "instructions",
    "decided_at",
    "buffer_before_minutes",
    "buffer_after_minutes",
)
_RULES = ("seats", "min_seats", "decide_hours", "auto_cancel")
_GROUPS = (
    select(
        *(getattr(Group, name) for name in (*_SAME, *_RULES)),
        Group.format,
        Group.location_id,
        Service.name.label("service_name"),
        Service.step_minutes,
        Service.minimum_notice_minutes,
        Service.horizon_days,
        Practitioner.name.label("practitioner_name"),
        Practitioner.time_zone.label("practitioner_zone"),
        Practitioner.video_url,
        Location.name.label("location_name"),
        Location.address.label("location_address"),
        Location.time_zone.label("location_zone"),
        seats_taken(Group).label("seats_taken"),
        seats_left(Group).label("seats_left"),
    )
    .select_from(Group)
    .join(Service, referred(Service, Group.service_id))
    .join(Practitioner, referred(Practitioner, Group.practitioner_id))
    .outerjoin(Location, referred(Location, Group.location_id))
    .where(of_practice(PRACTICE, Group))
)


async def read_group(db: AsyncConnection, practice_id: UUID, group_id: UUID) -> GroupDetails:
    """Read a group.

    Raises:
        NotFoundError: the practice has no such group.
    """
    return await _one(db, practice_id, Group.id == group_id)


async def read_group_by_ref(
    db: AsyncConnection, practice_id: UUID, external_ref: str
) -> GroupDetails:
    """Read the group with this `external_ref`.

    Raises:
        NotFoundError: the practice has no such group.
    """
    return await _one(db, practice_id, Group.external_ref == external_ref)


async def id_of_ref(db: AsyncConnection, practice_id: UUID, external_ref: str) -> UUID | None:
    """Find the group with this `external_ref`; None: there is none."""
    return await db.scalar(
        select(Group.id).where(Group.practice_id == practice_id, Group.external_ref == external_ref)
    )


async def list_groups(
    db: AsyncConnection, practice_id: UUID, part: Part[TimePosition], *, latest_first: bool
) -> list[GroupDetails]:
    """List groups of the practice, ordered by start."""
    statement = list_statement(part, latest_first=latest_first)
    rows = (await db.execute(statement, {"practice_id": practice_id})).mappings().all()
    return [_details(row) for row in rows]


def list_statement(part: Part[TimePosition], *, latest_first: bool) -> Select[Any]:
    """Build the statement that reads one page of the list."""
    return in_order(
        _GROUPS.where(*matching(FILTERS, part.filters)),
        (Group.starts_at, Group.id),
        part.after,
        part.limit,
        latest_first=latest_first,
    )


async def _one(
    db: AsyncConnection, practice_id: UUID, condition: ColumnElement[bool]
) -> GroupDetails:
    found = await db.execute(_GROUPS.where(condition), {"practice_id": practice_id})
    row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _details(row)


def _details(row: Row) -> GroupDetails:
    location = None
    if row["location_id"] is not None:
        location = SessionLocation(
            row["location_id"],
            row["location_name"],
            row["location_address"],
            row["location_zone"],
        )
    return GroupDetails(
        **{name: row[name] for name in _SAME},
        service_name=row["service_name"],
        practitioner_name=row["practitioner_name"],
        practitioner_zone=ZoneInfo(row["practitioner_zone"]),
        video_url=row["video_url"],
        format=Format(row["format"]),
        location=location,
        rules=SeatRules(*(row[name] for name in _RULES)),
        seats_taken=row["seats_taken"],
        seats_left=row["seats_left"],
        step_minutes=row["step_minutes"],
        minimum_notice_minutes=row["minimum_notice_minutes"],
        horizon_days=row["horizon_days"],
    )


_DUE = due_in_open_practices(
    "SELECT practice_id, id FROM groups WHERE practice_id = practices.practice_id"
    " AND status = 'scheduled' AND min_seats IS NOT NULL AND decided_at IS NULL"
    " AND starts_at - make_interval(hours => decide_hours) <= :now ORDER BY starts_at LIMIT :most"
)


async def list_due_groups(db: AsyncConnection, now: datetime, most: int) -> list[tuple[UUID, UUID]]:
    """List groups of all practices whose minimum is due: the practice's id and the group's."""
    due = await db.execute(_DUE, {"now": now, "most": most})
    return [(row.practice_id, row.id) for row in due]
