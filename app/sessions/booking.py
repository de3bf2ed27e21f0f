"""Booking a session, as staff do (product.md section 7 builds on it)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import and_, exists, func, insert, or_, select, true
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.changes.trail import Actor
from app.domain.errors import InvalidInputError, NotFoundError, SlotUnavailableError
from app.domain.session import Format, Status
from app.notices.outbox import NewNotice, queue_notices, reminders
from app.practices.models import (
    Client,
    Location,
    Package,
    Practice,
    Practitioner,
    Service,
    ServiceFormat,
)
from app.practices.policies import resolve_policy_version
from app.sessions.models import CreditRedemption, Session
from app.sessions.repository import (
    Buffers,
    Meeting,
    NewChange,
    SessionRepository,
    meeting_values,
)


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
    instructions: str | None


async def book(
    db: AsyncConnection, practice_id: UUID, booking: Booking, *, actor: Actor, now: datetime
) -> UUID:
    """Book a session at any time that no other session of the practitioner takes.

    The session keeps the policy version, price, duration and buffers of this moment.

    Raises:
        NotFoundError: practitioner, client, service or its format is not the practice's.
        SlotUnavailableError: another session is too close.
        InvalidInputError: the start has fractions of a second, the package no credit to use, or
            what the booking names is not active any more.
    """
    if booking.start.microsecond:
        raise InvalidInputError("/start", "must be a whole second")
    sessions = SessionRepository(db, practice_id)
    await sessions.lock_practitioner(booking.practitioner_id)
    basis = await _basis(db, practice_id, booking)
    meeting = _meeting(booking, basis)
    buffers = Buffers(basis.buffer_before_minutes, basis.buffer_after_minutes)
    if await _is_taken(db, practice_id, booking.practitioner_id, meeting, buffers):
        length = meeting.ends_at - meeting.starts_at
        raise SlotUnavailableError([], length, ZoneInfo(basis.client_zone))
    session_id = await _insert(db, practice_id, booking, basis, meeting, buffers)
    if booking.package_id is not None:
        await _redeem(db, practice_id, booking.package_id, session_id, booking, now)
    change_id = await sessions.record(
        session_id,
        NewChange("booked", actor, 1, 0, None, meeting, basis.currency),
        now,
    )
    notices = [
        NewNotice("booked", "client", meeting.starts_at, now),
        NewNotice("booked", "practitioner", meeting.starts_at, now),
        *reminders(meeting.starts_at, basis.reminder_minutes, now),
    ]
    await queue_notices(db, practice_id, session_id, change_id, notices, now)
    return session_id


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
                ServiceFormat.instructions,
                Practitioner.active,
                Client.active,
                Service.active,
                func.coalesce(Location.active, true()),
            )
            .join(Practitioner, Practitioner.practice_id == Practice.practice_id)
            .join(Client, Client.practice_id == Practice.practice_id)
            .join(Service, Service.practice_id == Practice.practice_id)
            .join(
                ServiceFormat,
                and_(
                    ServiceFormat.practice_id == Practice.practice_id,
                    ServiceFormat.service_id == Service.id,
                ),
            )
            .outerjoin(
                Location,
                and_(
                    Location.practice_id == Practice.practice_id,
                    Location.id == ServiceFormat.location_id,
                ),
            )
            .where(
                Practice.practice_id == practice_id,
                Practitioner.id == booking.practitioner_id,
                Client.id == booking.client_id,
                Service.id == booking.service_id,
                ServiceFormat.format == booking.format,
                ServiceFormat.location_id.is_not_distinct_from(booking.location_id),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFoundError
    *basis, practitioner, client, service, location = row
    is_active = {
        "practitioner_id": practitioner,
        "client_id": client,
        "service_id": service,
        "location_id": location,
    }
    for field, active in is_active.items():
        if not active:
            raise InvalidInputError(f"/{field}", "is not active any more")
    return Basis(*basis)


def _meeting(booking: Booking, basis: Basis) -> Meeting:
    return Meeting(
        starts_at=booking.start,
        ends_at=booking.start + timedelta(minutes=basis.duration_minutes),
        format=booking.format,
        location_id=booking.location_id,
        join_url=basis.video_url if booking.format is Format.VIDEO else None,
        instructions=basis.instructions,
    )


async def _is_taken(
    db: AsyncConnection,
    practice_id: UUID,
    practitioner_id: UUID,
    meeting: Meeting,
    buffers: Buffers,
) -> bool:
    """Ask under the practitioner's lock what the two exclusion constraints would say."""
    wished = meeting_values(meeting, buffers)
    return bool(
        await db.scalar(
            select(
                exists().where(
                    Session.practice_id == practice_id,
                    Session.practitioner_id == practitioner_id,
                    Session.status == Status.BOOKED,
                    or_(
                        Session.span_before.overlaps(wished["span_before"]),
                        Session.span_after.overlaps(wished["span_after"]),
                    ),
                )
            )
        )
    )


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
            **meeting_values(meeting, buffers),
        )
    )
    return session_id


async def _redeem(
    db: AsyncConnection,
    practice_id: UUID,
    package_id: UUID,
    session_id: UUID,
    booking: Booking,
    now: datetime,
) -> None:
    """Take one credit of the package, under its lock.

    Expiry is checked here and nowhere else. From an expired package only a credit that came back
    late may be used, each once (product.md section 10, "Credits").
    """
    package = (
        await db.execute(
            select(Package.credits, Package.expires_at, Package.active)
            .where(
                Package.practice_id == practice_id,
                Package.id == package_id,
                Package.client_id == booking.client_id,
                Package.service_id == booking.service_id,
            )
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    if package is None:
        raise NotFoundError
    if not package.active:
        raise InvalidInputError("/package_id", "is not active any more")
    used = CreditRedemption
    in_use = await db.scalar(
        select(func.count()).where(
            used.practice_id == practice_id,
            used.package_id == package_id,
            used.returned_at.is_(None),
        )
    )
    if (in_use or 0) >= package.credits:
        raise InvalidInputError("/package_id", "the package has no credit left")
    reused = None
    if package.expires_at is not None and now >= package.expires_at:
        reused = await _usable_after_expiry(db, practice_id, package_id, now)
    await db.execute(
        insert(used).values(
            practice_id=practice_id,
            id=uuid4(),
            package_id=package_id,
            session_id=session_id,
            redeemed_at=now,
            reused_redemption_id=reused,
        )
    )


async def _usable_after_expiry(
    db: AsyncConnection, practice_id: UUID, package_id: UUID, now: datetime
) -> UUID:
    came_back, again = aliased(CreditRedemption), aliased(CreditRedemption)
    found = await db.scalar(
        select(came_back.id)
        .outerjoin(
            again,
            and_(
                again.practice_id == came_back.practice_id,
                again.reused_redemption_id == came_back.id,
            ),
        )
        .where(
            came_back.practice_id == practice_id,
            came_back.package_id == package_id,
            came_back.usable_until > now,
            again.id.is_(None),
        )
        .order_by(came_back.usable_until)
        .limit(1)
    )
    if found is None:
        raise InvalidInputError("/package_id", "the package has expired")
    return found
