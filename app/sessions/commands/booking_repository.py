"""Read the defaults of a booking, and insert the session, in the caller's transaction."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import ENDING_OTHERS
from app.calendar.taken_times import TAKING_FOR_SESSION, taken_values
from app.domain.session import Format, Status
from app.policies.stored import frozen_document
from app.sessions.commands.booking import Booking, BookingContext, NewSession
from app.sessions.commands.repository import meeting_values, whole_time
from app.sessions.read.records import OfferedFormat, SessionLocation
from app.tables.joins import of_practice
from app.tables.practices import Client, Location, Practice, Practitioner, Service, ServiceFormat
from app.tables.sessions import Session

_UNHELD = ENDING_OTHERS.cte("unheld")


class BookingRepository:
    """Reads and writes for bookings of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    def _own(self, table: Any, record_id: object) -> ColumnElement[bool]:  # noqa: ANN401 - a table
        return of_practice(self._practice_id, table, table.id == record_id)

    async def context(self, booking: Booking) -> BookingContext | None:
        """Read the defaults of a booking; None if the practice has no such service."""
        found = await self._db.execute(
            select(
                Practice.currency,
                Practitioner.time_zone.label("practitioner_zone"),
                Practitioner.video_url,
                Service.duration_minutes,
                Service.buffer_before_minutes,
                Service.buffer_after_minutes,
                Service.step_minutes,
                Service.minimum_notice_minutes,
                Service.horizon_days,
                Service.price_minor,
                Service.reminder_minutes,
                Service.nudge_hours_before,
                Client.time_zone.label("client_time_zone"),
                Practitioner.active.label("practitioner_active"),
                Client.active.label("client_active"),
                Service.active.label("service_active"),
            )
            .select_from(Practice)
            .join(Practitioner, self._own(Practitioner, booking.practitioner_id))
            .join(Client, self._own(Client, booking.client_id))
            .join(Service, self._own(Service, booking.service_id))
            .where(Practice.practice_id == self._practice_id)
        )
        row = found.mappings().one_or_none()
        return None if row is None else BookingContext(**row)

    async def formats(self, service_id: UUID) -> list[OfferedFormat]:
        """List the formats in which a service is available, at active locations."""
        rows = await self._db.execute(
            select(
                ServiceFormat.format,
                ServiceFormat.instructions,
                Location.id,
                Location.name,
                Location.address,
            )
            .outerjoin(Location, self._own(Location, ServiceFormat.location_id))
            .where(
                ServiceFormat.practice_id == self._practice_id,
                ServiceFormat.service_id == service_id,
                func.coalesce(Location.active, true()),
            )
        )
        return [
            OfferedFormat(
                Format(row.format),
                None if row.id is None else SessionLocation(row.id, row.name, row.address),
                row.instructions,
            )
            for row in rows
        ]

    async def add(self, new: NewSession, now: datetime) -> None:
        """Insert the session that is booked at `now`, in version 1.

        A seat takes no time of its practitioner.
        """
        booking, context, meeting, series = new.booking, new.context, new.meeting, new.series
        price, seat = booking.price, meeting.seat
        buffers = context.buffers if seat is None else seat.buffers
        zone = ZoneInfo(context.practitioner_zone)
        session = insert(Session).values(
            practice_id=self._practice_id,
            id=new.id,
            client_id=booking.client_id,
            practitioner_id=booking.practitioner_id,
            service_id=booking.service_id,
            policy_version_id=new.policy.version_id,
            policy_time_zone=context.practitioner_zone,
            status=Status.BOOKED,
            version=1,
            calendar_sequence=0,
            buffer_before_minutes=buffers.before,
            buffer_after_minutes=buffers.after,
            price_minor=context.price_minor if price is None else price.amount_minor,
            currency=context.currency,
            booked_starts_at=meeting.starts_at,
            client_moves=0,
            grace_from=now,
            link_generation=0,
            external_ref=booking.external_ref,
            pushed=None if new.pushed is None else {**new.pushed, "version": 1},
            group_id=seat and seat.group_id,
            seat=seat and seat.number,
            series_id=series and series.series_id,
            series_position=series and series.position,
            series_starts_at=series and series.starts_at,
            frozen_deadlines=frozen_document(new.policy.freeze(meeting.starts_at, zone)),
            **meeting_values(meeting),
        )
        if seat is not None:
            await self._db.execute(session)
            return
        whole = whole_time(meeting, buffers)
        taken = taken_values(self._practice_id, booking.practitioner_id, new.id, whole)
        # In this order: Citus runs the parts of a WITH first, and the time refers to the session.
        booked = session.cte("booked")
        await self._db.execute(TAKING_FOR_SESSION.add_cte(booked, _UNHELD), taken)
