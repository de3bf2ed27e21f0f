"""Book a session; only staff do this (product.md section 7)."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.locks import lock_client, lock_practitioner
from app.directory.sums import check_price
from app.domain.errors import InvalidInputError, NotFoundError, RefTakenError
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import NewNotification, notifications_about
from app.policies.queries import resolve_policy_version
from app.sessions.commands.booking import Booking, BookingContext, NewSession
from app.sessions.commands.booking_repository import BookingRepository
from app.sessions.commands.checks import check_start
from app.sessions.commands.credit_repository import CreditRepository, CreditUse
from app.sessions.commands.finish import answer_staff, finish
from app.sessions.commands.history_repository import NewChange
from app.sessions.commands.meeting import Meeting, MeetingRequest, choose_format, meeting_at
from app.sessions.commands.orders import Effect, StaffOutcome
from app.sessions.commands.slots import check_free, wanted_new_time
from app.sessions.commands.upcoming import mails_after_booking
from app.sessions.read.calendar import CalendarOwner
from app.sessions.read.staff_queries import id_of_ref

UNKNOWN = "field.no-such-record"


class Booked(NamedTuple):
    """The id of a new session, and the effect of booking it."""

    session_id: UUID
    effect: Effect


async def book_by_staff(
    db: AsyncConnection,
    staff: Staff,
    booking: Booking,
    *,
    force: bool,
    now: datetime,
    notify: bool = True,
) -> StaffOutcome:
    """Book a session for a client, and read it for staff; see `book`."""
    booked = await book(
        db,
        staff.practice_id,
        booking,
        actor=staff.actor,
        force=force,
        now=now,
        notify=notify,
    )
    return await answer_staff(db, staff, booked.session_id, booked.effect)


async def book(
    db: AsyncConnection,
    practice_id: UUID,
    booking: Booking,
    *,
    actor: Actor,
    force: bool,
    now: datetime,
    notify: bool = True,
) -> Booked:
    """Book a session at a free time (`check_free`).

    The session keeps the current policy version, price, duration and buffers. With `notify` False
    neither the client nor the practitioner gets an email about the booking; reminders and webhooks
    are still sent.

    Raises:
        SlotUnavailableError: the time is not free.
        CreditUnavailableError: the package has no usable credit.
        RefTakenError: another session has the `external_ref`.
        InvalidInputError: a record that the booking names does not belong to the practice or is
            not active, or the package is not the client's for this service; the format is not
            available; the start has fractions of a second; or the price is in another currency.
    """
    check_start(booking.start)
    await lock_people(db, practice_id, booking)
    await check_new_ref(db, practice_id, booking.external_ref)
    context = await read_context(db, practice_id, booking)
    meeting = await read_meeting(db, practice_id, booking, context)
    session_id = uuid4()
    owner = CalendarOwner(practice_id, booking.practitioner_id, booking.client_id, session_id)
    await check_free(db, wanted_new_time(owner, meeting, context), force=force, now=now)

    policy = await resolve_policy_version(
        db, practice_id, booking.service_id, booking.practitioner_id
    )
    pushed = None if booking.external_ref is None else booking.as_pushed()
    new = NewSession(session_id, booking, context, meeting, policy, pushed)
    change = await add_session(db, practice_id, new, actor=actor, now=now)
    notifications = booked_notifications(new, now, people=notify)
    effect = await finish(db, practice_id, session_id, change, notifications, now)
    return Booked(session_id, effect)


def booked_notifications(new: NewSession, now: datetime, *, people: bool) -> list[NewNotification]:
    """Give the notifications about a booking, and the mails before the session."""
    starts_at = new.meeting.starts_at
    return [
        *notifications_about("booked", starts_at, now, people=people),
        *mails_after_booking(new, now),
    ]


async def add_session(
    db: AsyncConnection, practice_id: UUID, new: NewSession, *, actor: Actor, now: datetime
) -> NewChange:
    """Insert a session whose time is free, redeem its credit, and give the entry of its history.

    Raises:
        CreditUnavailableError: the package has no usable credit.
    """
    booking = new.booking
    await BookingRepository(db, practice_id).add(new, now)
    if booking.package_id is not None:
        use = CreditUse(new.id, booking.client_id, booking.service_id)
        await CreditRepository(db, practice_id).redeem(booking.package_id, use, now)
    return NewChange("booked", actor, 1, 0, None, new.meeting, new.context.currency)


async def lock_people(db: AsyncConnection, practice_id: UUID, booking: Booking) -> None:
    """Lock the practitioner and the client of a booking.

    Raises:
        InvalidInputError: the practice has no such practitioner or client.
    """
    try:
        await lock_practitioner(db, practice_id, booking.practitioner_id)
    except NotFoundError:
        raise InvalidInputError("/practitioner_id", UNKNOWN) from None
    await lock_named_client(db, practice_id, booking.client_id)


async def lock_named_client(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> None:
    """Lock the client of a booking.

    Raises:
        InvalidInputError: the practice has no such client.
    """
    try:
        await lock_client(db, practice_id, client_id)
    except NotFoundError:
        raise InvalidInputError("/client_id", UNKNOWN) from None


async def check_new_ref(db: AsyncConnection, practice_id: UUID, ref: str | None) -> None:
    """Check that no session has the reference of a booking.

    Raises:
        RefTakenError: a session has it.
    """
    known = None if ref is None else await id_of_ref(db, practice_id, ref)
    if known is not None:
        raise RefTakenError("field.ref-taken.session", known)


async def read_context(db: AsyncConnection, practice_id: UUID, booking: Booking) -> BookingContext:
    """Read the defaults of the booking, and check the records that it names.

    Raises:
        InvalidInputError: a record is unknown or not active, or the price is in another currency.
    """
    context = await BookingRepository(db, practice_id).context(booking)
    if context is None:
        raise InvalidInputError("/service_id", UNKNOWN)
    active = {
        "practitioner_id": context.practitioner_active,
        "client_id": context.client_active,
        "service_id": context.service_active,
    }
    for field, is_active in active.items():
        if not is_active:
            raise InvalidInputError(f"/{field}", "field.not-active")
    if booking.package_id is not None and not context.package_known:
        raise InvalidInputError("/package_id", "field.not-paid-by")
    if booking.price is not None:
        check_price(booking.price.amount_minor, booking.price.currency, context.currency)
    return context


async def read_meeting(
    db: AsyncConnection, practice_id: UUID, booking: Booking, context: BookingContext
) -> Meeting:
    """Read the formats of the booking's service, and give the requested meeting.

    Raises:
        InvalidInputError: the request does not name exactly one available format.
    """
    formats = await BookingRepository(db, practice_id).formats(booking.service_id)
    choice = choose_format(
        formats, MeetingRequest(booking.start, booking.format, booking.location_id)
    )
    length = timedelta(minutes=booking.duration_minutes or context.duration_minutes)
    return meeting_at(booking.start, length, choice, context.video_url)
