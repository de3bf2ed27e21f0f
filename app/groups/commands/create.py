"""Create a group; only staff do this."""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_practitioner
from app.domain.errors import InvalidInputError, NotFoundError, RefTakenError
from app.groups.commands.checks import check_rules
from app.groups.commands.trail import tell_of_group, write_group_change
from app.groups.queries import id_of_ref, read_group
from app.groups.records import GroupOutcome, NewGroup
from app.groups.repository import GroupRepository
from app.identity.api_keys.keys import Staff
from app.sessions.commands.booking import TimeContext
from app.sessions.commands.booking_repository import BookingRepository
from app.sessions.commands.checks import check_start
from app.sessions.commands.meeting import Meeting, MeetingRequest, choose_format, meeting_at
from app.sessions.commands.slots import check_free, wanted_new_time
from app.sessions.read.calendar import CalendarOwner

UNKNOWN = "field.no-such-record"


async def create_group(
    db: AsyncConnection, staff: Staff, new: NewGroup, *, force: bool, now: datetime
) -> GroupOutcome:
    """Create a group at a time that is free as for a booking (`check_free`).

    It takes its practitioner's time from now on, with the service's current buffers.

    Raises:
        SlotUnavailableError: the time is not free.
        RefTakenError: another group has the `external_ref`.
        InvalidInputError: a record that it names does not belong to the practice or is not active;
            the format is not available; the start has fractions of a second; or the seats and the
            minimum do not fit together.
    """
    check_start(new.start)
    check_rules(new.rules)
    practice_id = staff.practice_id
    try:
        await lock_practitioner(db, practice_id, new.practitioner_id)
    except NotFoundError:
        raise InvalidInputError("/practitioner_id", UNKNOWN) from None
    await _check_ref(db, practice_id, new.external_ref)
    context = await _read_context(db, practice_id, new)
    meeting = await _meeting(db, practice_id, new, context)
    group_id = uuid4()
    owner = CalendarOwner(practice_id, new.practitioner_id, None, group_id)
    await check_free(db, wanted_new_time(owner, meeting, context), force=force, now=now)
    await GroupRepository(db, practice_id).add(group_id, new, context, meeting, now)
    group = await read_group(db, practice_id, group_id)
    change_id = await write_group_change(db, staff.actor, group, "created", now)
    await tell_of_group(db, group, change_id, now, mail="group_booked", event=None)
    return GroupOutcome(group, change_id)


async def _check_ref(db: AsyncConnection, practice_id: UUID, ref: str | None) -> None:
    known = None if ref is None else await id_of_ref(db, practice_id, ref)
    if known is not None:
        raise RefTakenError("field.ref-taken.group", known)


async def _read_context(db: AsyncConnection, practice_id: UUID, new: NewGroup) -> TimeContext:
    context = await GroupRepository(db, practice_id).context(new.service_id, new.practitioner_id)
    if context is None:
        raise InvalidInputError("/service_id", UNKNOWN)
    if not context.practitioner_active:
        raise InvalidInputError("/practitioner_id", "field.not-active")
    if not context.service_active:
        raise InvalidInputError("/service_id", "field.not-active")
    return context


async def _meeting(
    db: AsyncConnection, practice_id: UUID, new: NewGroup, context: TimeContext
) -> Meeting:
    formats = await BookingRepository(db, practice_id).formats(new.service_id)
    choice = choose_format(formats, MeetingRequest(new.start, new.format, new.location_id))
    length = timedelta(minutes=new.duration_minutes or context.duration_minutes)
    return meeting_at(new.start, length, choice, context.video_url)
