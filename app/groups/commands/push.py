"""Write a group repeatedly under the practice's own id for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_group
from app.domain.errors import InvalidInputError, RefTakenError, VersionMismatchError
from app.groups.commands.change import write_rules
from app.groups.commands.checks import check_scheduled
from app.groups.commands.create import create_group
from app.groups.commands.move import GroupMove, meeting_after, move_locked
from app.groups.queries import id_of_ref, read_group
from app.groups.records import GroupOutcome, NewGroup
from app.identity.api_keys.keys import Staff
from app.sessions.commands.checks import check_start


@dataclass(frozen=True, slots=True)
class GroupPush:
    """A group as the practice's software sends it, under its own id for it."""

    group: NewGroup
    external_ref: str
    force: bool
    leave_behind: bool
    if_match: str | None


@dataclass(frozen=True, slots=True)
class PushedGroup:
    """The result of a push, and whether it created a new group."""

    outcome: GroupOutcome
    is_new: bool


async def push_group(
    db: AsyncConnection, staff: Staff, push: GroupPush, *, now: datetime, credit_grace: timedelta
) -> PushedGroup:
    """Create the group with this `external_ref`, or change or move it, or change nothing.

    Of two concurrent pushes of a new reference, one creates; the other finds that group. Seats are
    changed before the group moves.

    Raises:
        InvalidInputError, SlotUnavailableError: as for a new group.
        InvalidInputError: the service or the practitioner differs.
        VersionMismatchError: `If-Match` names another version, or there is no such group.
        GroupCancelledError: there are new values, but the group is cancelled.
        SeatsConflictError: see `move_locked`.
    """
    check_start(push.group.start)
    group_id = await id_of_ref(db, staff.practice_id, push.external_ref)
    if group_id is None:
        if push.if_match is not None:
            raise VersionMismatchError
        try:
            made = await create_group(db, staff, push.group, force=push.force, now=now)
            return PushedGroup(made, is_new=True)
        except RefTakenError as error:
            group_id = error.record_id
    outcome = await _update(db, staff, group_id, push, now, credit_grace)
    return PushedGroup(outcome, is_new=False)


async def _update(
    db: AsyncConnection,
    staff: Staff,
    group_id: UUID,
    push: GroupPush,
    now: datetime,
    credit_grace: timedelta,
) -> GroupOutcome:
    wanted = push.group
    seat_ids = await lock_group(db, staff.practice_id, group_id)
    group = await read_group(db, staff.practice_id, group_id)
    if wanted.service_id != group.service_id:
        raise InvalidInputError("/service_id", "field.fixed-in-group")
    if wanted.practitioner_id != group.practitioner_id:
        raise InvalidInputError("/practitioner_id", "field.fixed-in-group")
    minutes = wanted.duration_minutes
    move = GroupMove(
        wanted.start,
        wanted.format,
        wanted.location_id,
        None if minutes is None else timedelta(minutes=minutes),
        force=push.force,
        leave_behind=push.leave_behind,
        reason=None,
    )
    to = await meeting_after(db, group, move)
    if to == group.meeting and wanted.rules == group.rules:
        return GroupOutcome(group, None)
    check_scheduled(group, push.if_match)
    outcome = await write_rules(db, staff, group, wanted.rules, now)
    if to == group.meeting:
        return outcome
    return await move_locked(
        db,
        staff,
        outcome.group,
        seat_ids,
        to,
        move,
        now,
        credit_grace,
        command_id=outcome.command_id,
    )
