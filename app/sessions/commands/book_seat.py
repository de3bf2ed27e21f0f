"""Book a seat of a group; only staff do this (product.md section 7)."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.held_times import read_seat_holds
from app.calendar.locks import lock_group_alone
from app.domain.availability import CurrentMeeting, SlotSearch, nearest
from app.domain.errors import GroupCancelledError, GroupFullError, InvalidInputError, NotFoundError
from app.domain.groups import GroupSearch, GroupSlot, offer_groups
from app.domain.intervals import Interval
from app.domain.refusals import GroupUnavailableError
from app.domain.zones import to_seconds
from app.identity.api_keys.keys import Staff
from app.policies.queries import resolve_policy_version
from app.sessions.commands.book import (
    Booked,
    add_session,
    book_by_staff,
    booked_notifications,
    check_new_ref,
    lock_named_client,
    read_context,
)
from app.sessions.commands.booking import Booking, NewSession, SeatBooking
from app.sessions.commands.finish import answer_staff, finish
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.orders import StaffOutcome
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.commands.seat_repository import GroupRecord, SeatRepository
from app.sessions.commands.seats import end_holds_beyond
from app.sessions.read.calendar import CalendarOwner, read_groups

# Other groups are suggested if they start at most so long before or after the wanted one.
GROUPS_WITHIN = timedelta(days=30)
_MINUTE = timedelta(minutes=1)


async def book_anything(
    db: AsyncConnection,
    staff: Staff,
    wanted: Booking | SeatBooking,
    *,
    force: bool,
    now: datetime,
    notify: bool = True,
) -> StaffOutcome:
    """Book a session or a seat for a client, and read it for staff; see `book` and `book_seat`."""
    if isinstance(wanted, Booking):
        return await book_by_staff(db, staff, wanted, force=force, now=now, notify=notify)
    booked = await book_seat(
        db, staff.practice_id, wanted, actor=staff.actor, force=force, now=now, notify=notify
    )
    return await answer_staff(db, staff, *booked)


async def book_seat(
    db: AsyncConnection,
    practice_id: UUID,
    wanted: SeatBooking,
    *,
    actor: Actor,
    force: bool = False,
    now: datetime,
    notify: bool = True,
) -> Booked:
    """Book the lowest free seat of a group.

    The session has the time, format and location of its group; its price, policy, credit and link
    are its own. With `force` a seat that others hold is free, and the latest hold ends if there is
    no other seat. With `notify` False neither the client nor the practitioner gets an email.

    Raises:
        GroupFullError: all seats are taken.
        GroupCancelledError: the group is cancelled.
        GroupUnavailableError: the client has another session then, perhaps a seat of this group; or
            others hold all free seats.
        CreditUnavailableError, RefTakenError: as for a booking.
        InvalidInputError: there is no such group, it is over, or something that the booking says
            differs from it; or as for a booking.
    """
    try:
        await lock_group_alone(db, practice_id, wanted.group_id)
    except NotFoundError:
        raise InvalidInputError("/group_id", "field.no-such-record") from None
    await lock_named_client(db, practice_id, wanted.client_id)
    await check_new_ref(db, practice_id, wanted.external_ref)
    group = await read_group_to_book(db, practice_id, wanted, now)
    booking = booking_of(wanted, group)
    context = await read_context(db, practice_id, booking)
    if group.free_seat is None:
        raise GroupFullError
    meeting = group.meeting(group.free_seat)
    session_id = uuid4()
    owner = CalendarOwner(practice_id, group.practitioner_id, wanted.client_id, session_id)
    zone = context.practitioner_zone
    await _check_free(db, owner, group, meeting, zone, force=force, now=now)
    policy = await resolve_policy_version(db, practice_id, group.service_id, group.practitioner_id)
    pushed = None if wanted.external_ref is None else wanted.as_pushed()
    new = NewSession(session_id, booking, context, meeting, policy, pushed)
    change = await add_session(db, practice_id, new, actor=actor, now=now)
    notifications = booked_notifications(new, now, people=notify)
    effect = await finish(db, practice_id, session_id, change, notifications, now)
    return Booked(session_id, effect)


async def _check_free(
    db: AsyncConnection,
    owner: CalendarOwner,
    group: GroupRecord,
    meeting: Meeting,
    zone: ZoneInfo,
    *,
    force: bool,
    now: datetime,
) -> None:
    """Check that a client is free and that others do not hold all free seats of a group.

    With `force` the latest hold ends if there is no other seat. `zone` is the practitioner's.

    Raises:
        GroupUnavailableError: the client is elsewhere then, or others hold all free seats.
    """
    practice_id = owner.practice_id
    overlap = await find_overlap(db, owner, meeting, None, now)
    holds = await read_seat_holds(db, practice_id, group.id, owner.own_id, now)
    is_held = holds.seats >= group.seats_left and not force
    if overlap.is_taken or is_held:
        slots = await _other_groups(db, owner, group, now)
        until = None if overlap.is_taken else holds.until
        raise GroupUnavailableError(slots, zone, held_until=until)
    if force:
        await end_holds_beyond(db, practice_id, group, owner.own_id, now)


async def read_group_to_book(
    db: AsyncConnection, practice_id: UUID, wanted: SeatBooking, now: datetime
) -> GroupRecord:
    """Read the group of a booking, and check what the booking says of it.

    Raises:
        GroupCancelledError: the group is cancelled.
        InvalidInputError: there is no such group, it is over, or it differs from what the booking
            says.
    """
    group = await SeatRepository(db, practice_id).group(wanted.group_id)
    if group is None:
        raise InvalidInputError("/group_id", "field.no-such-record")
    own = {
        "practitioner_id": group.practitioner_id,
        "service_id": group.service_id,
        "start": group.starts_at,
        "format": group.format,
        "location_id": group.location_id,
        "duration_minutes": (group.ends_at - group.starts_at) // _MINUTE,
    }
    for field, claimed in wanted.claims.items():
        if claimed != own[field]:
            raise InvalidInputError(f"/{field}", "field.not-time-of-group")
    if not group.is_scheduled:
        raise GroupCancelledError
    if group.ends_at <= now:
        raise InvalidInputError("/group_id", "field.group-over")
    return group


def booking_of(wanted: SeatBooking, group: GroupRecord) -> Booking:
    """Give the booking of a seat, with the group's service, practitioner, time and format."""
    return Booking(
        wanted.client_id,
        group.practitioner_id,
        group.service_id,
        group.starts_at,
        group.format,
        location_id=group.location_id,
        package_id=wanted.package_id,
        price=wanted.price,
        external_ref=wanted.external_ref,
    )


async def _other_groups(
    db: AsyncConnection, owner: CalendarOwner, group: GroupRecord, now: datetime
) -> list[GroupSlot]:
    """Find the nearest groups of the same service, practitioner and format that are still to come.

    The client is free then, and a seat is.
    """
    since = max(now, group.starts_at - GROUPS_WITHIN)
    until = group.starts_at + GROUPS_WITHIN
    groups, taken = await read_groups(db, owner, group.service_id, since, until, now)
    start = to_seconds(group.starts_at)
    present = CurrentMeeting(start, group.format, group.location_id)
    search = SlotSearch(group.format, (), present, may_move=True, may_change_format=True)
    window = Interval(to_seconds(since), to_seconds(until))
    found = offer_groups(GroupSearch(group.id, groups, taken, search), window, window)
    return nearest(found.slots, start)
