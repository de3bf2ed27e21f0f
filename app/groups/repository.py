"""Write groups of one practice, in the caller's transaction; all statements name the practice."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.calendar.held_times import HoldRepository
from app.calendar.taken_times import free_for_group, take_for_group
from app.domain.groups import lowest_free_seat
from app.domain.refusals import SeatConflict
from app.groups.records import GroupDetails, NewGroup, SeatRules
from app.sessions.commands.booking import TimeContext
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.repository import whole_time
from app.sessions.read.calendar import SLOT_SETTINGS
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.joins import of_practice
from app.tables.practices import Practitioner, Service
from app.tables.sessions import Session
from app.tables.state_at import state_at

_SEAT, _OTHER = aliased(Session), aliased(Session)


class GroupRepository:
    """Reads and writes for groups of one practice. The caller holds the practitioner's lock."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def context(self, service_id: UUID, practitioner_id: UUID) -> TimeContext | None:
        """Read what a new group depends on; None if the practice has no such service."""
        found = await self._db.execute(
            select(
                Practitioner.time_zone.label("practitioner_time_zone"),
                Practitioner.video_url,
                *SLOT_SETTINGS,
                Practitioner.active.label("practitioner_active"),
                Service.active.label("service_active"),
            )
            .select_from(Practitioner)
            .join(Service, of_practice(self._practice_id, Service, Service.id == service_id))
            .where(of_practice(self._practice_id, Practitioner, Practitioner.id == practitioner_id))
        )
        row = found.mappings().one_or_none()
        return None if row is None else TimeContext(**row)

    async def add(
        self,
        group_id: UUID,
        new: NewGroup,
        context: TimeContext,
        meeting: Meeting,
        now: datetime,
    ) -> None:
        """Insert a group in version 1, and take its time."""
        await self._db.execute(
            insert(Group).values(
                practice_id=self._practice_id,
                id=group_id,
                external_ref=new.external_ref,
                service_id=new.service_id,
                practitioner_id=new.practitioner_id,
                status="scheduled",
                version=1,
                calendar_sequence=0,
                decided_at=new.rules.decided_at(meeting.starts_at, now),
                **asdict(new.rules),
                **meeting.columns(),
                **context.buffers.columns(),
            )
        )
        whole = whole_time(meeting, context.buffers)
        await take_for_group(self._db, self._practice_id, new.practitioner_id, group_id, whole)

    async def set_rules(self, group: GroupDetails, rules: SeatRules, now: datetime) -> None:
        """Set seats and minimum; increments the version. A new minimum is judged anew."""
        values: dict[str, Any] = asdict(rules)
        before = group.rules
        if (rules.min_seats, rules.decide_hours) != (before.min_seats, before.decide_hours):
            values["decided_at"] = rules.decided_at(group.starts_at, now)
        await self._change(group, values)
        if rules.seats < before.seats:
            await self._renumber(group.id, rules.seats)

    async def _renumber(self, group_id: UUID, seats: int) -> None:
        """Give seats whose numbers are above the number of seats the lowest free numbers."""
        of_group = of_practice(
            self._practice_id, Session, Session.group_id == group_id, Session.seat.is_not(None)
        )
        rows = await self._db.execute(select(Session.id, Session.seat).where(of_group))
        numbers = {row.seat: row.id for row in rows.all()}
        for number in sorted(number for number in numbers if number > seats):
            free = lowest_free_seat(numbers, seats)
            assert free is not None  # noqa: S101 - no more seats are taken than there are
            numbers[free] = numbers.pop(number)
            await self._db.execute(
                update(Session).where(of_group, Session.id == numbers[free]).values(seat=free)
            )

    async def sessions_elsewhere(self, seat_ids: Sequence[UUID], to: Meeting) -> list[SeatConflict]:
        """Find the other sessions that the clients of booked seats have at a time."""
        rows = await self._db.execute(
            select(_SEAT.id, _SEAT.client_id, _OTHER.id)
            .join(
                _OTHER,
                of_practice(
                    self._practice_id,
                    _OTHER,
                    _OTHER.client_id == _SEAT.client_id,
                    _OTHER.id.not_in(seat_ids),
                    _OTHER.starts_at < to.ends_at,
                    _OTHER.taken_until > to.starts_at,
                ),
            )
            .where(of_practice(self._practice_id, _SEAT, _SEAT.id.in_(seat_ids)))
            .order_by(_SEAT.id, _OTHER.starts_at)
        )
        return [SeatConflict(*row) for row in rows.all()]

    async def move(self, group: GroupDetails, to: Meeting, now: datetime) -> None:
        """Set another time, format or location; increments the version and `SEQUENCE`."""
        values = {
            "calendar_sequence": group.calendar_sequence + 1,
            **self._decided(group, to, now),
            **to.columns(),
        }
        await self._change(group, values)
        whole = whole_time(to, group.buffers)
        await take_for_group(self._db, self._practice_id, group.practitioner_id, group.id, whole)
        await HoldRepository(self._db, self._practice_id).end_of_group(group.id)

    @staticmethod
    def _decided(group: GroupDetails, to: Meeting, now: datetime) -> dict[str, Any]:
        """Judge the minimum anew if the start changes."""
        if to.starts_at == group.starts_at:
            return {}
        return {"decided_at": group.rules.decided_at(to.starts_at, now)}

    async def cancel(self, group: GroupDetails) -> None:
        """Cancel a group and free its time; increments the version and `SEQUENCE`."""
        values = {"status": "cancelled", "calendar_sequence": group.calendar_sequence + 1}
        await self._change(group, values)
        await free_for_group(self._db, self._practice_id, group.id)
        await HoldRepository(self._db, self._practice_id).end_of_group(group.id)

    async def set_decided(self, group: GroupDetails, now: datetime) -> None:
        """Record that the minimum was judged; the version stays."""
        await self._update(group, {"decided_at": now})

    async def seats_taken_at(self, group: GroupDetails, at: datetime) -> int:
        """Count the seats that were taken at an instant since which the group has not moved.

        The latest entry of each session until then is read. A session of the practitioner that
        started with the group was one of its seats, because the group has that time alone.
        """
        left = select(Change.session_id).where(
            of_practice(
                self._practice_id,
                Change,
                Change.session_id.is_not(None),
                Change.at > at,
                Change.old_starts_at == group.starts_at,
            )
        )
        last = state_at(self._practice_id, at)
        count = await self._db.scalar(
            select(func.count())
            .select_from(Session)
            .join(last, true())
            .where(
                of_practice(
                    self._practice_id,
                    Session,
                    Session.practitioner_id == group.practitioner_id,
                    or_(Session.group_id == group.id, Session.id.in_(left)),
                    last.c.starts_at == group.starts_at,
                    last.c.kind != "cancelled",
                )
            )
        )
        return count or 0

    async def _change(self, group: GroupDetails, values: dict[str, Any]) -> None:
        await self._update(group, values | {"version": group.version + 1})

    async def _update(self, group: GroupDetails, values: dict[str, Any]) -> None:
        await self._db.execute(
            update(Group)
            .where(of_practice(self._practice_id, Group, Group.id == group.id))
            .values(**values)
        )
