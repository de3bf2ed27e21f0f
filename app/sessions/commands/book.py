"""Booking a session, as staff do (product.md section 7 builds on it)."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python
from sqlalchemy import and_, func, insert, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from app.availability.queries import read_with_calendar
from app.changes.trail import Actor
from app.domain.errors import (
    InvalidInputError,
    NotFoundError,
    RefTakenError,
    SlotUnavailableError,
)
from app.domain.money import Money
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
from app.practices.sums import check_price
from app.sessions.commands.credits import CreditRepository, Use
from app.sessions.commands.repository import (
    Buffers,
    Meeting,
    NewChange,
    SessionRepository,
    Taken,
    meeting_values,
)
from app.sessions.commands.steps import Wish, check_fit, check_start, choose_format, meeting_at
from app.sessions.models import Session
from app.sessions.read.records import Location as Place
from app.sessions.read.records import OfferedFormat

UNKNOWN = "the practice has no such record"


@dataclass(frozen=True, slots=True)
class Booking:
    """What is booked for whom. `package_id` pays for it with one credit.

    Without a `price` or a `duration_minutes` of its own the session gets the service's.
    """

    client_id: UUID
    practitioner_id: UUID
    service_id: UUID
    start: datetime
    format: Format
    location_id: UUID | None = None
    package_id: UUID | None = None
    price: Money | None = None
    duration_minutes: int | None = None
    external_ref: str | None = None

    def as_pushed(self) -> dict[str, Any]:
        """Give the values as JSON, to compare the next push of the same session with.

        There is nothing in it that a person has typed: ids, times, numbers and codes.
        """
        values: dict[str, Any] = to_jsonable_python(asdict(self), exclude={"external_ref"})
        return values


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
    notify: bool = True,
) -> UUID:
    """Book a session at a time that is free, and give its id.

    Free is what lies within working hours and overlaps nothing that takes time; with `force` only
    other sessions matter, the practitioner's with their buffers and the client's own. Neither
    notice, horizon, step nor limits bind staff. The session keeps the policy version, price,
    duration and buffers of this moment. Without `notify` neither the client nor the practitioner
    gets a mail about the booking; reminders and webhooks go as usual.

    Raises:
        SlotUnavailableError: the time is not free.
        CreditUnavailableError: the package has no credit to use.
        RefTakenError: another session has the `external_ref`.
        InvalidInputError: what is named is not the practice's, not active any more, or not on
            offer; the start has fractions of a second; or the price is in another currency.
    """
    check_start(booking.start)
    sessions = SessionRepository(db, practice_id)
    await _lock(sessions, booking)
    if booking.external_ref is not None:
        known = await sessions.id_of_ref(booking.external_ref)
        if known is not None:
            raise RefTakenError("another session", known)
    basis = await _basis(db, practice_id, booking)
    offered = await _offered(db, practice_id, booking.service_id)
    wish = Wish(booking.start, booking.format, booking.location_id)
    length = timedelta(minutes=booking.duration_minutes or basis.duration_minutes)
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
        *tell("booked", meeting.starts_at, now, people=notify),
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
    found = Basis(*basis)
    if booking.price is not None:
        check_price(booking.price.amount_minor, booking.price.currency, found.currency)
    return found


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
    session_id, price = uuid4(), booking.price
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
            price_minor=basis.price_minor if price is None else price.amount_minor,
            currency=basis.currency,
            booked_starts_at=meeting.starts_at,
            client_moves=0,
            link_generation=0,
            external_ref=booking.external_ref,
            pushed=None if booking.external_ref is None else {**booking.as_pushed(), "version": 1},
            **meeting_values(meeting, buffers),
        )
    )
    return session_id
