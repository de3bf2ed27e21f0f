"""Write a session repeatedly under the practice's own id for it.

A push is compared with the previous push, not with the session. A client's later change therefore
stays until the practice's software sends new values (product.md section 10, "Pushed sessions").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import BY_CLIENT
from app.calendar.locks import lock_session
from app.domain.errors import (
    InvalidInputError,
    RefTakenError,
    SessionChangedError,
    SessionNotBookedError,
    VersionMismatchError,
)
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.sessions.commands.book_seat import book_anything, read_group_to_book
from app.sessions.commands.booking import Booking, SeatBooking
from app.sessions.commands.checks import check_start, check_version
from app.sessions.commands.finish import answer_staff
from app.sessions.commands.meeting import (
    Meeting,
    MeetingRequest,
    WantedMove,
    requested_meeting,
)
from app.sessions.commands.orders import NO_EFFECT, Effect, StaffOrder, StaffOutcome
from app.sessions.commands.push_repository import PushRepository
from app.sessions.commands.reschedule import is_same_meeting, move_by_staff
from app.sessions.commands.seats import find_group, take_seat_for_staff
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord
from app.sessions.read.staff_queries import id_of_ref

_MINUTE = timedelta(minutes=1)
_TIME = ("start", "format", "location_id")
_TARGET = (*_TIME, "group_id")
_NOT_CHARGED = StaffOrder(reason=None, charged=False, if_match=None)


@dataclass(frozen=True, slots=True)
class Push:
    """A session as the practice's software sends it.

    `force` permits times outside working hours, and overrides a move by the client. With `notify`
    False neither the client nor the practitioner gets an email about this change.
    """

    booking: Booking | SeatBooking
    external_ref: str
    force: bool
    notify: bool
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """The result of a push, and whether it booked a new session."""

    outcome: StaffOutcome
    is_new: bool


async def push_session(db: AsyncConnection, staff: Staff, push: Push, *, now: datetime) -> Pushed:
    """Book the session with this `external_ref`, or move it, or change nothing.

    Of two concurrent pushes of a new reference, one books; the other finds that session.

    Raises:
        InvalidInputError, SlotUnavailableError, CreditUnavailableError, GroupFullError,
        GroupCancelledError: as for a booking.
        ClientErasedError: the session is to move, and its client was erased.
        GroupUnavailableError: a seat is to move, and there is no such group with a free seat.
        InvalidInputError: a value differs that is fixed once a session is booked.
        VersionMismatchError: `If-Match` names another version, or there is no such session.
        SessionNotBookedError: there are new values, but the session is no longer booked.
        SessionChangedError: there are new values, but the client has moved the session since.
    """
    if isinstance(push.booking, Booking):
        check_start(push.booking.start)
    session_id = await id_of_ref(db, staff.practice_id, push.external_ref)
    if session_id is None:
        if push.if_match is not None:
            raise VersionMismatchError
        try:
            made = await book_anything(
                db, staff, push.booking, force=push.force, now=now, notify=push.notify
            )
            return Pushed(made, is_new=True)
        except RefTakenError as error:
            session_id = error.record_id
    effect = await _update_pushed(db, staff, session_id, push, now)
    return Pushed(await answer_staff(db, staff, session_id, effect), is_new=False)


async def _update_pushed(
    db: AsyncConnection, staff: Staff, session_id: UUID, push: Push, now: datetime
) -> Effect:
    """Apply the new values of a push, if any, to an existing session."""
    await lock_session(db, staff.practice_id, session_id)
    pushes = PushRepository(db, staff.practice_id)
    last = await pushes.read_last(session_id)
    # Absent values stay as in the previous push. A seat is named by its group or by its time: what
    # the previous push has said in the other way is not kept.
    given = {name: value for name, value in push.booking.as_pushed().items() if value is not None}
    replaced = _TIME if "group_id" in given else {"group_id"}
    values = {name: value for name, value in last.items() if name not in replaced} | given
    if values == last:
        return NO_EFFECT
    record = await read_session(db, staff.practice_id, session_id)
    check_version(record, push.if_match)
    _check_kept(push.booking, record)
    version, effect = record.version, NO_EFFECT
    if _is_new(push.booking, record, last, values):
        if record.status is not Status.BOOKED:
            raise SessionNotBookedError(session_id)
        if _is_elsewhere(push.booking, record):
            overrules = push.force or push.if_match not in {None, "*"}
            mover = await pushes.last_mover(session_id, after_version=last.get("version", 0))
            if mover in BY_CLIENT and not overrules:
                raise SessionChangedError(session_id)
            to = await _pushed_meeting(db, push.booking, record, now, force=push.force)
            effect = await move_by_staff(
                db,
                staff,
                record,
                to,
                force=push.force,
                order=_NOT_CHARGED,
                now=now,
                notify=push.notify,
            )
            version += 1
    await pushes.save(session_id, {**values, "version": version})
    return effect


def _is_elsewhere(booking: Booking | SeatBooking, record: SessionRecord) -> bool:
    """Tell whether a push names another group, or another time, format or location."""
    if isinstance(booking, SeatBooking):
        return booking.group_id != record.group_id
    return not is_same_meeting(record, _meeting(booking, record))


async def _pushed_meeting(
    db: AsyncConnection,
    booking: Booking | SeatBooking,
    record: SessionRecord,
    now: datetime,
    *,
    force: bool,
) -> Meeting:
    """Give the pushed meeting; of a seat, in the group that the push names or that starts then.

    Raises:
        InvalidInputError: the group is not one for this session; or only the duration of a seat
            differs, which is that of its group.
        GroupUnavailableError: there is no such group, or it has no free seat.
    """
    if isinstance(booking, SeatBooking):
        if record.group is None:
            raise InvalidInputError("/group_id", "field.not-a-seat")
        await read_group_to_book(db, record.practice_id, booking, now)
        requested = WantedMove(None, None, None, booking.group_id)
    else:
        to = _meeting(booking, record)
        if record.group is None:
            return to
        requested = WantedMove(to.starts_at, to.format, to.location_id)
    move = await find_group(db, record, requested)
    if move.is_own_group(record):
        raise InvalidInputError("/duration_minutes", "field.fixed-once-booked")
    return await take_seat_for_staff(db, record, move, now, force=force)


def _check_kept(booking: Booking | SeatBooking, record: SessionRecord) -> None:
    """Check that a push keeps the values that are fixed once a session is booked.

    Raises:
        InvalidInputError: a fixed value differs; the error names the field.
    """
    package_id = None if record.package is None else record.package.id
    kept = {
        "client_id": booking.client_id == record.client_id,
        "package_id": booking.package_id in {None, package_id},
        "price": booking.price in (None, record.price),
    }
    if isinstance(booking, Booking):
        kept["practitioner_id"] = booking.practitioner_id == record.practitioner_id
        kept["service_id"] = booking.service_id == record.service_id
    for field, is_kept in kept.items():
        if not is_kept:
            raise InvalidInputError(f"/{field}", "field.fixed-once-booked")


def _is_new(
    booking: Booking | SeatBooking,
    record: SessionRecord,
    last: Mapping[str, Any],
    values: Mapping[str, Any],
) -> bool:
    """Tell whether a push has another time, format, location or group than the previous push.

    Clients cannot change the duration, so it is compared with the session's current duration.
    """
    if any(values.get(name) != last.get(name) for name in _TARGET):
        return True
    if isinstance(booking, SeatBooking):
        return False
    return booking.duration_minutes not in {None, (record.ends_at - record.starts_at) // _MINUTE}


def _meeting(booking: Booking, record: SessionRecord) -> Meeting:
    """Give the requested meeting; an absent location or duration stays as it is."""
    length, location_id = None, booking.location_id
    if booking.duration_minutes is not None:
        length = booking.duration_minutes * _MINUTE
    if location_id is None and booking.format is record.format:
        is_on_offer = record.location in [choice.location for choice in record.formats]
        location_id = record.location_id if is_on_offer else None
    return requested_meeting(
        record, MeetingRequest(booking.start, booking.format, location_id), length
    )
