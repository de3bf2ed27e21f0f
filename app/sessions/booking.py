"""Booking a session, as staff do (product.md section 7 builds on it)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import read_with_calendar
from app.changes.trail import Actor
from app.domain.errors import InvalidInputError, NotFoundError, SlotUnavailableError
from app.domain.session import Format, Status
from app.notices.outbox import queue_notices, reminders, tell
from app.practices.models import (
    Client,
    Location,
    Practice,
    Practitioner,
    Service,
    ServiceFormat,
)
from app.practices.policies import resolve_policy_version
from app.sessions.credits import CreditRepository, Use
from app.sessions.models import Session
from app.sessions.records import Location as Place
from app.sessions.records import OfferedFormat
from app.sessions.repository import (
    Buffers,
    Meeting,
    NewChange,
    SessionRepository,
    Taken,
    meeting_values,
)
from app.sessions.steps import Wish, check_fit, choose_format, meeting_at

UNKNOWN = "the practice has no such record"


@dataclass(frozen=True, slots=True)
class Booking:
    """What is booked for whom. `package_id` pays for it with one credit."""

    client_id: UUID
    practitioner_id: UUID
    service_id: UUID
    start: datetime
    format: Format
    location_id: UUID | None = None
    package_id: UUID | None = None
    external_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """What a booking takes over from the practice's records of this moment."""

    currency: str
    practitioner_zone: str
    video_url: str | None
    client_zone: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    price_minor: int
    reminder_minutes: list[int]


async def book(
    db: AsyncConnection,
    practice_id: UUID,
    booking: Booking,
    *,
    actor: Actor,
    force: bool,
    now: datetime,
) -> UUID:
    """Book a session at a time that is free, and give its id.

    Free is what lies within working hours and overlaps nothing that takes time; with `force` only
    other sessions matter, the practitioner's with their buffers and the client's own. Neither
    notice, horizon, step nor limits bind staff. The session keeps the policy version, price,
    duration and buffers of this moment.

    Raises:
        SlotUnavailableError: the time is not free.
        CreditUnavailableError: the package has no credit to use.
        InvalidInputError: what is named is not the practice's, not active any more, or not on
            offer; the start has fractions of a second; or the `external_ref` is used.
    """
    if booking.start.microsecond:
        raise InvalidInputError("/start", "must be a whole second")
    sessions = SessionRepository(db, practice_id)
    await _lock(sessions, booking)
    if booking.external_ref is not None and await sessions.has_ref(booking.external_ref):
        raise InvalidInputError("/external_ref", "another session has it")
    basis = await _basis(db, practice_id, booking)
    offered = await _offered(db, practice_id, booking.service_id)
    wish = Wish(booking.start, booking.format, booking.location_id)
    length = timedelta(minutes=basis.duration_minutes)
    meeting = meeting_at(booking.start, length, choose_format(offered, wish), basis.video_url)
    buffers = Buffers(basis.buffer_before_minutes, basis.buffer_after_minutes)
    taken = Taken(booking.practitioner_id, booking.client_id, meeting, buffers)
    if await sessions.is_taken(taken):
        raise SlotUnavailableError([], length, ZoneInfo(basis.client_zone))
    session_id = await _insert(db, practice_id, booking, basis, meeting, buffers)
    if not force:
        day = meeting.starts_at.date()
        record, calendar = await read_with_calendar(db, practice_id, session_id, day, day)
        await check_fit(db, record, calendar, meeting, now)
    if booking.package_id is not None:
        use = Use(session_id, booking.client_id, booking.service_id)
        await CreditRepository(db, practice_id).redeem(booking.package_id, use, now)
    change = NewChange("booked", actor, 1, 0, None, meeting, basis.currency)
    change_id = await sessions.record(session_id, change, now)
    notices = [
        *tell("booked", meeting.starts_at, now),
        *reminders(meeting.starts_at, basis.reminder_minutes, now),
    ]
    await queue_notices(db, practice_id, session_id, change_id, notices, now)
    return session_id


async def _lock(sessions: SessionRepository, booking: Booking) -> None:
    """Lock practitioner and client; a body that names somebody else's is told so."""
    try:
        await sessions.lock_practitioner(booking.practitioner_id)
    except NotFoundError:
        raise InvalidInputError("/practitioner_id", UNKNOWN) from None
    try:
        await sessions.lock_client(booking.client_id)
    except NotFoundError:
        raise InvalidInputError("/client_id", UNKNOWN) from None


async def _basis(db: AsyncConnection, practice_id: UUID, booking: Booking) -> Basis:
    row = (
        await db.execute(
            select(
                Practice.currency,
                Practitioner.time_zone,
                Practitioner.video_url,
                Client.time_zone,
                Service.duration_minutes,
                Service.buffer_before_minutes,
                Service.buffer_after_minutes,
                Service.price_minor,
                Service.reminder_minutes,
                Practitioner.active,
                Client.active,
                Service.active,
            )
            .join(Practitioner, Practitioner.practice_id == Practice.practice_id)
            .join(Client, Client.practice_id == Practice.practice_id)
            .join(Service, Service.practice_id == Practice.practice_id)
            .where(
                Practice.practice_id == practice_id,
                Practitioner.id == booking.practitioner_id,
                Client.id == booking.client_id,
                Service.id == booking.service_id,
            )
        )
    ).one_or_none()
    if row is None:
        raise InvalidInputError("/service_id", UNKNOWN)
    *basis, practitioner, client, service = row
    active = {"practitioner_id": practitioner, "client_id": client, "service_id": service}
    for field, is_active in active.items():
        if not is_active:
            raise InvalidInputError(f"/{field}", "is not active any more")
    return Basis(*basis)


async def _offered(db: AsyncConnection, practice_id: UUID, service_id: UUID) -> list[OfferedFormat]:
    """List the formats that a service is on offer in."""
    rows = await db.execute(
        select(
            ServiceFormat.format,
            ServiceFormat.instructions,
            Location.id,
            Location.name,
            Location.address,
        )
        .outerjoin(
            Location,
            and_(
                Location.practice_id == ServiceFormat.practice_id,
                Location.id == ServiceFormat.location_id,
            ),
        )
        .where(
            ServiceFormat.practice_id == practice_id,
            ServiceFormat.service_id == service_id,
            func.coalesce(Location.active, true()),
        )
    )
    return [
        OfferedFormat(
            Format(row.format),
            None if row.id is None else Place(row.id, row.name, row.address),
            row.instructions,
        )
        for row in rows
    ]


async def _insert(
    db: AsyncConnection,
    practice_id: UUID,
    booking: Booking,
    basis: Basis,
    meeting: Meeting,
    buffers: Buffers,
) -> UUID:
    session_id = uuid4()
    policy_version_id = await resolve_policy_version(
        db, practice_id, booking.service_id, booking.practitioner_id
    )
    await db.execute(
        insert(Session).values(
            practice_id=practice_id,
            id=session_id,
            client_id=booking.client_id,
            practitioner_id=booking.practitioner_id,
            service_id=booking.service_id,
            policy_version_id=policy_version_id,
            policy_time_zone=basis.practitioner_zone,
            status=Status.BOOKED,
            version=1,
            calendar_sequence=0,
            buffer_before_minutes=buffers.before,
            buffer_after_minutes=buffers.after,
            price_minor=basis.price_minor,
            currency=basis.currency,
            booked_starts_at=meeting.starts_at,
            client_moves=0,
            link_generation=0,
            external_ref=booking.external_ref,
            **meeting_values(meeting, buffers),
        )
    )
    return session_id
