"""Read the defaults of a booking, and insert the session, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Uuid, bindparam, exists, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import ENDING_OTHERS
from app.calendar.taken_times import TAKING_FOR_SESSION, taken_values
from app.database.statements import Read
from app.database.writing import Write
from app.domain.session import Format, Status
from app.policies.stored import frozen_document
from app.sessions.commands.booking import Booking, BookingContext, NewSession
from app.sessions.commands.repository import MEETING, meeting_values, whole_time
from app.sessions.read.calendar import SLOT_SETTINGS
from app.sessions.read.records import OfferedFormat, SessionLocation
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import (
    Client,
    Location,
    Package,
    Practice,
    Practitioner,
    Service,
    ServiceFormat,
)
from app.tables.sessions import Session

_CLIENT_ID, _SERVICE_ID = (bindparam(name, type_=Uuid) for name in ("client_id", "service_id"))
_CONTEXT = Read(
    select(
        Practice.currency,
        Practitioner.time_zone.label("practitioner_time_zone"),
        Practitioner.video_url,
        *SLOT_SETTINGS,
        Service.price_minor,
        Service.reminder_minutes,
        Service.nudge_hours_before,
        Client.time_zone.label("client_time_zone"),
        Practitioner.active.label("practitioner_active"),
        Client.active.label("client_active"),
        Client.erased_at.is_not(None).label("client_erased"),
        Service.active.label("service_active"),
        exists()
        .where(
            of_practice(
                PRACTICE,
                Package,
                Package.id == bindparam("package_id", type_=Uuid),
                Package.client_id == _CLIENT_ID,
                Package.service_id == _SERVICE_ID,
            )
        )
        .label("package_known"),
    )
    .select_from(Practice)
    .join(Practitioner, referred(Practitioner, bindparam("practitioner_id", type_=Uuid)))
    .join(Client, referred(Client, _CLIENT_ID))
    .join(Service, referred(Service, _SERVICE_ID))
    .where(Practice.practice_id == PRACTICE)
)
_FORMATS = Read(
    select(
        ServiceFormat.format,
        ServiceFormat.instructions,
        Location.id,
        Location.name,
        Location.address,
        Location.time_zone,
    )
    .outerjoin(Location, referred(Location, ServiceFormat.location_id))
    .where(
        of_practice(
            PRACTICE,
            ServiceFormat,
            ServiceFormat.service_id == _SERVICE_ID,
            func.coalesce(Location.active, true()),
        )
    )
)
# The other columns are the same for each new session, or have their defaults.
_COLUMNS = (
    "practice_id",
    "id",
    "client_id",
    "practitioner_id",
    "service_id",
    "policy_version_id",
    "policy_time_zone",
    "buffer_before_minutes",
    "buffer_after_minutes",
    "price_minor",
    "currency",
    "booked_starts_at",
    "grace_from",
    "external_ref",
    "pushed",
    "group_id",
    "seat",
    "series_id",
    "series_position",
    "series_starts_at",
    "frozen_deadlines",
    *MEETING,
)
_ADD = insert(Session).values(
    status=Status.BOOKED,
    version=1,
    calendar_sequence=0,
    client_moves=0,
    link_generation=0,
    **{name: bindparam(f"new_{name}", type_=getattr(Session, name).type) for name in _COLUMNS},
)
_ADD_SEAT = Write(_ADD)
# In this order: Citus runs the parts of a WITH first, and the time refers to the session.
_ADD_AND_TAKE = Write(TAKING_FOR_SESSION.add_cte(_ADD.cte("booked"), ENDING_OTHERS.cte("unheld")))


class BookingRepository:
    """Reads and writes for bookings of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def context(self, booking: Booking) -> BookingContext | None:
        """Read the defaults of a booking; None if the practice has no such service."""
        row = await _CONTEXT.one(
            self._db,
            {
                "practice_id": self._practice_id,
                "practitioner_id": booking.practitioner_id,
                "client_id": booking.client_id,
                "service_id": booking.service_id,
                "package_id": booking.package_id,
            },
        )
        return None if row is None else BookingContext(**row)

    async def formats(self, service_id: UUID) -> list[OfferedFormat]:
        """List the formats in which a service is available, at active locations."""
        asked = {"practice_id": self._practice_id, "service_id": service_id}
        return [
            OfferedFormat(
                Format(row["format"]),
                None
                if row["id"] is None
                else SessionLocation(row["id"], row["name"], row["address"], row["time_zone"]),
                row["instructions"],
            )
            for row in await _FORMATS.rows(self._db, asked)
        ]

    async def add(self, new: NewSession, now: datetime) -> None:
        """Insert the session that is booked at `now`, in version 1.

        A seat takes no time of its practitioner.
        """
        booking, context, meeting, series = new.booking, new.context, new.meeting, new.series
        price, seat = booking.price, meeting.seat
        buffers = context.buffers if seat is None else seat.buffers
        zone = context.practitioner_zone
        values: dict[str, object] = {
            "practice_id": self._practice_id,
            "id": new.id,
            "client_id": booking.client_id,
            "practitioner_id": booking.practitioner_id,
            "service_id": booking.service_id,
            "policy_version_id": new.policy.version_id,
            "policy_time_zone": context.practitioner_time_zone,
            "price_minor": context.price_minor if price is None else price.amount_minor,
            "currency": context.currency,
            "booked_starts_at": meeting.starts_at,
            "grace_from": now,
            "external_ref": booking.external_ref,
            "pushed": None if new.pushed is None else {**new.pushed, "version": 1},
            "group_id": seat and seat.group_id,
            "seat": seat and seat.number,
            "series_id": series and series.series_id,
            "series_position": series and series.position,
            "series_starts_at": series and series.starts_at,
            "frozen_deadlines": frozen_document(new.policy.freeze(meeting.starts_at, zone)),
            **meeting_values(meeting),
            **buffers.columns(),
        }
        added = {f"new_{name}": value for name, value in values.items()}
        if seat is not None:
            await _ADD_SEAT.run(self._db, added)
            return
        whole = whole_time(meeting, buffers)
        taken = taken_values(self._practice_id, booking.practitioner_id, new.id, whole)
        await _ADD_AND_TAKE.run(self._db, added | taken)
