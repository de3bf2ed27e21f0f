"""Read groups and their free seats, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.groups import lowest_free_seat
from app.domain.session import Format
from app.sessions.commands.meeting import Buffers, Meeting, NewSeat
from app.sessions.read.records import SessionRecord
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.sessions import Session


class GroupRecord(NamedTuple):
    """A group, with the numbers of the seats that are taken."""

    id: UUID
    service_id: UUID
    practitioner_id: UUID
    status: str
    starts_at: datetime
    ends_at: datetime
    buffer_before_minutes: int
    buffer_after_minutes: int
    format: Format
    location_id: UUID | None
    join_url: str | None
    instructions: str | None
    seats: int
    taken: Sequence[int]

    @property
    def is_scheduled(self) -> bool:
        """Tell whether the group is not cancelled."""
        return self.status == "scheduled"

    @property
    def free_seat(self) -> int | None:
        """Give the lowest free seat; None if the group is full."""
        return lowest_free_seat(self.taken, self.seats)

    @property
    def seats_left(self) -> int:
        """Count the seats that nobody has; some of them may be held."""
        return self.seats - len(self.taken)

    def is_at(self, meeting: Meeting) -> bool:
        """Tell whether the group has this time, format and location."""
        own = (self.starts_at, self.ends_at, self.format, self.location_id)
        return own == (meeting.starts_at, meeting.ends_at, meeting.format, meeting.location_id)

    def meeting(self, seat: int) -> Meeting:
        """Give the meeting of a session that takes a seat: all of it is the group's."""
        return Meeting(
            self.starts_at,
            self.ends_at,
            self.format,
            self.location_id,
            self.join_url,
            self.instructions,
            NewSeat(self.id, seat, Buffers(self.buffer_before_minutes, self.buffer_after_minutes)),
        )


class SeatRepository:
    """Reads of one practice's groups for commands on seats. The caller holds the locks."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def group(self, group_id: UUID) -> GroupRecord | None:
        """Read a group; None: the practice has none with this id."""
        return await self._one(Group.id == group_id)

    async def group_at(self, record: SessionRecord, start: datetime) -> GroupRecord | None:
        """Find the scheduled group of a session's service and practitioner at a start."""
        return await self._one(
            Group.service_id == record.service_id,
            Group.practitioner_id == record.practitioner_id,
            Group.status == "scheduled",
            Group.starts_at == start,
        )

    async def number_of(self, session_id: UUID) -> int:
        """Read the number of a seat that is not cancelled."""
        found = await self._db.execute(
            select(Session.seat).where(
                of_practice(self._practice_id, Session, Session.id == session_id)
            )
        )
        number = found.scalar_one()
        assert number is not None  # noqa: S101 - the seat is not cancelled
        return number

    async def _one(self, *conditions: ColumnElement[bool]) -> GroupRecord | None:
        taken = (
            select(func.array_agg(Session.seat))
            .where(
                of_practice(self._practice_id, Session, Session.group_id == Group.id),
                Session.seat.is_not(None),
            )
            .correlate(Group)
            .scalar_subquery()
        )
        columns = [getattr(Group, name) for name in GroupRecord._fields if name != "taken"]
        found = await self._db.execute(
            select(*columns, taken.label("taken")).where(
                of_practice(self._practice_id, Group, *conditions)
            )
        )
        row = found.mappings().one_or_none()
        if row is None:
            return None
        parsed = {"format": Format(row["format"]), "taken": row["taken"] or ()}
        return GroupRecord(**(dict(row) | parsed))
