"""Move a group with all its seats; only staff do this."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_group
from app.domain.errors import NoChangeError
from app.domain.policy.judgement import judge_for_staff
from app.domain.refusals import SeatsConflictError
from app.domain.session import Format
from app.groups.commands.cancel import free_seat, seats_after
from app.groups.commands.checks import check_scheduled
from app.groups.commands.trail import tell_of_group, write_group_change
from app.groups.queries import read_group
from app.groups.records import GroupDetails, GroupOutcome
from app.groups.repository import GroupRepository
from app.identity.api_keys.keys import Staff
from app.policies.stored import rules_of
from app.sessions.commands.booking_repository import BookingRepository
from app.sessions.commands.checks import check_start
from app.sessions.commands.finish import ChangedSession, finish_all
from app.sessions.commands.meeting import (
    Meeting,
    MeetingRequest,
    action_of,
    choose_format,
    meeting_at,
)
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.slots import WantedTime, check_free
from app.sessions.commands.write_move import write_move
from app.sessions.read.calendar import CalendarOwner, slot_rules
from app.sessions.read.following_queries import read_several
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class GroupMove:
    """Where a group is to move. Format, location and length that are None stay as they are.

    `leave_behind`: the seat of a client who has another session then is cancelled free of charge.
    """

    start: datetime
    format: Format | None
    location_id: UUID | None
    length: timedelta | None
    force: bool
    leave_behind: bool
    reason: ChangeReason | None


async def move_group(
    db: AsyncConnection,
    staff: Staff,
    group_id: UUID,
    move: GroupMove,
    *,
    if_match: str | None,
    now: datetime,
    credit_grace: timedelta,
) -> GroupOutcome:
    """Move a group for the practice to a time that is free as for a booking (`check_free`).

    Raises:
        NotFoundError, VersionMismatchError, InvalidInputError: as for a session.
        GroupCancelledError: the group is cancelled.
        NoChangeError: the group already has this time, format and location.
        SlotUnavailableError, SeatsConflictError: see `move_locked`.
    """
    check_start(move.start)
    await check_staff_reason(db, staff.practice_id, move.reason)
    seat_ids = await lock_group(db, staff.practice_id, group_id)
    group = await read_group(db, staff.practice_id, group_id)
    check_scheduled(group, if_match)
    to = await meeting_after(db, group, move)
    if to == group.meeting:
        raise NoChangeError
    return await move_locked(db, staff, group, seat_ids, to, move, now, credit_grace)


async def meeting_after(db: AsyncConnection, group: GroupDetails, move: GroupMove) -> Meeting:
    """Give the meeting of a group after a move.

    A group that keeps its format and location also keeps them if the service no longer has them.

    Raises:
        InvalidInputError: the service has no such format, or no such location.
    """
    present, length = group.meeting, move.length or group.ends_at - group.starts_at
    format_ = move.format or group.format
    location_id = move.location_id
    if location_id is None and format_ is group.format:
        location_id = present.location_id
    if (format_, location_id) == (present.format, present.location_id):
        return replace(present, starts_at=move.start, ends_at=move.start + length)
    formats = await BookingRepository(db, group.practice_id).formats(group.service_id)
    choice = choose_format(formats, MeetingRequest(move.start, format_, location_id))
    return meeting_at(move.start, length, choice, group.video_url)


async def move_locked(
    db: AsyncConnection,
    staff: Staff,
    group: GroupDetails,
    seat_ids: Sequence[UUID],
    to: Meeting,
    move: GroupMove,
    now: datetime,
    credit_grace: timedelta,
    *,
    command_id: UUID | None = None,
) -> GroupOutcome:
    """Move a scheduled group, which the caller has locked with its booked seats `seat_ids`.

    Each booked seat moves and keeps its id, link and calendar entry. The move does not count
    towards the client's limit, and removes a carried cost. Each client gets one mail, the
    practitioner one about the group. `command_id`: the command that this is a part of, if it is
    one.

    Raises:
        SlotUnavailableError: the time is not free for the practitioner.
        SeatsConflictError: clients have other sessions then, and `leave_behind` is not set.
        ClientErasedError: a client was erased. A seat of theirs is booked if it is over.
    """
    practice_id, command_id = group.practice_id, command_id or uuid4()
    await _check_free(db, group, to, force=move.force, now=now)
    staying = await _left_behind(db, group, seat_ids, to, move)
    changed = [
        await _change_seat(
            db, staff, record, None if record.id in staying else to, move, now, credit_grace
        )
        for record in await read_several(db, practice_id, seat_ids)
    ]
    await GroupRepository(db, practice_id).move(group, to, now)
    after = await read_group(db, practice_id, group.id)
    change_id = await write_group_change(
        db,
        staff.actor,
        after,
        "moved",
        now,
        command_id=command_id,
        before=group.meeting,
        reason=move.reason,
        details={"seats_moved": len(changed) - len(staying), "seats_cancelled": len(staying)},
    )
    if changed:
        await finish_all(db, changed, now, command_id=command_id, people=["client"])
    await tell_of_group(db, after, change_id, now, mail="group_moved", event="group.moved")
    return GroupOutcome(after, command_id, seats_after(changed))


async def _check_free(
    db: AsyncConnection, group: GroupDetails, to: Meeting, *, force: bool, now: datetime
) -> None:
    wanted = WantedTime(
        CalendarOwner(group.practice_id, group.practitioner_id, None, group.id),
        to,
        group.buffers,
        slot_rules(group, to.ends_at - to.starts_at),
        present=group.meeting,
        zone=group.practitioner_zone,
    )
    await check_free(db, wanted, force=force, now=now)


async def _left_behind(
    db: AsyncConnection,
    group: GroupDetails,
    seat_ids: Sequence[UUID],
    to: Meeting,
    move: GroupMove,
) -> set[UUID]:
    """Give the seats whose clients have other sessions at the new time.

    Raises:
        SeatsConflictError: there are such seats, and `leave_behind` is not set.
    """
    conflicts = await GroupRepository(db, group.practice_id).sessions_elsewhere(seat_ids, to)
    if conflicts and not move.leave_behind:
        raise SeatsConflictError(conflicts)
    return {conflict.seat_id for conflict in conflicts}


async def _change_seat(
    db: AsyncConnection,
    staff: Staff,
    record: SessionRecord,
    to: Meeting | None,
    move: GroupMove,
    now: datetime,
    credit_grace: timedelta,
) -> ChangedSession:
    """Move a seat with its group, or cancel it free of charge: `to` None."""
    if to is None:
        return await free_seat(
            db,
            record,
            actor=staff.actor,
            reason=move.reason,
            now=now,
            credit_grace=credit_grace,
        )
    rules = rules_of(record.policy)
    judged = judge_for_staff(rules, action_of(record, to), record.facts, now, charged=False)
    change, to_come = await write_move(
        db, record, to, judged, actor=staff.actor, reason=move.reason, now=now
    )
    return ChangedSession(record, change, "rescheduled", to_come)
