"""Cancel a group with all its seats, by staff or because its minimum is missed."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.queries import read_command_id
from app.audit.write import Actor
from app.calendar.locks import lock_group
from app.domain.policy.judgement import judge_for_staff
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.groups.commands.trail import tell_of_group, write_group_change
from app.groups.queries import read_group
from app.groups.records import ChangedSeat, GroupDetails, GroupOutcome
from app.groups.repository import GroupRepository
from app.identity.api_keys.keys import Staff
from app.policies.stored import rules_of
from app.sessions.commands.checks import check_version
from app.sessions.commands.ending import write_end
from app.sessions.commands.finish import ChangedSession, finish_all
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.read.following_queries import read_several
from app.sessions.read.records import SessionRecord


async def cancel_group(
    db: AsyncConnection,
    staff: Staff,
    group_id: UUID,
    *,
    reason: ChangeReason,
    if_match: str | None,
    now: datetime,
    credit_grace: timedelta,
) -> GroupOutcome:
    """Cancel a group for the practice, at any time; see `end_group`.

    Cancelling a cancelled group changes nothing and gives the id of the command that cancelled it.

    Raises:
        NotFoundError: the practice has no such group.
        VersionMismatchError: the group has changed since.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, staff.practice_id, reason)
    seat_ids = await lock_group(db, staff.practice_id, group_id)
    group = await read_group(db, staff.practice_id, group_id)
    if not group.is_scheduled:
        first = await read_command_id(db, group.practice_id, group_id, "cancelled")
        return GroupOutcome(group, first)
    check_version(group, if_match)
    return await end_group(
        db, staff.actor, group, seat_ids, reason=reason, now=now, credit_grace=credit_grace
    )


async def end_group(
    db: AsyncConnection,
    actor: Actor,
    group: GroupDetails,
    seat_ids: Sequence[UUID],
    *,
    reason: ChangeReason | None,
    now: datetime,
    credit_grace: timedelta,
    command_id: UUID | None = None,
) -> GroupOutcome:
    """Cancel a scheduled group, which the caller has locked with its booked seats `seat_ids`.

    Each booked seat is cancelled without a fee, and its credit is returned. Its client gets one
    mail, the practitioner one about the group. Seats that are fulfilled or missed stay.
    `command_id`: the command that this is a part of, if it is one.
    """
    practice_id, command_id = group.practice_id, command_id or uuid4()
    changed = [
        await free_seat(db, record, actor=actor, reason=reason, now=now, credit_grace=credit_grace)
        for record in await read_several(db, practice_id, seat_ids)
    ]
    await GroupRepository(db, practice_id).cancel(group)
    after = await read_group(db, practice_id, group.id)
    change_id = await write_group_change(
        db,
        actor,
        after,
        "cancelled",
        now,
        command_id=command_id,
        reason=reason,
        details={"seats_cancelled": len(changed)},
    )
    if changed:
        await finish_all(db, changed, now, command_id=command_id, people=["client"])
    await tell_of_group(db, after, change_id, now, mail="group_cancelled", event="group.cancelled")
    return GroupOutcome(after, command_id, seats_after(changed))


async def free_seat(
    db: AsyncConnection,
    record: SessionRecord,
    *,
    actor: Actor,
    reason: ChangeReason | None,
    now: datetime,
    credit_grace: timedelta,
) -> ChangedSession:
    """Cancel a booked seat for the practice, free of charge. A later step tells its client."""
    rules = rules_of(record.policy)
    judged = judge_for_staff(rules, Action.CANCEL, record.facts, now, charged=False)
    change = await write_end(
        db,
        record,
        Status.CANCELLED,
        judged,
        actor=actor,
        reason=reason,
        now=now,
        credit_grace=credit_grace,
    )
    return ChangedSession(record, change, "cancelled")


def seats_after(changed: Sequence[ChangedSession]) -> list[ChangedSeat]:
    """Give the seats that a command changed, as they are after it."""
    return [
        ChangedSeat(
            one.record.id,
            one.record.client_id,
            Status.CANCELLED if one.done == "cancelled" else Status.BOOKED,
            one.change.credit,
        )
        for one in changed
    ]
