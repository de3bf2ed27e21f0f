"""Judge the minimum of a group: tell the practice, and perhaps cancel the group.

Only the worker does this (app/groups/judging.py).
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM
from app.calendar.locks import lock_group
from app.groups.commands.cancel import end_group
from app.groups.commands.trail import tell_of_group, write_group_change
from app.groups.queries import read_group
from app.groups.records import GroupDetails
from app.groups.repository import GroupRepository


async def judge_group(
    db: AsyncConnection,
    practice_id: UUID,
    group_id: UUID,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> None:
    """Judge a group's minimum if that is due and was not done yet.

    What counts are the seats that were taken when it was due, also if this runs late. The group is
    cancelled only if the minimum is still missed now, and never after the start; else the practice
    is only told.

    Raises:
        NotFoundError: the practice has no such group.
    """
    seat_ids = await lock_group(db, practice_id, group_id)
    group = await read_group(db, practice_id, group_id)
    minimum, due = group.rules.min_seats, group.rules.decides_at(group.starts_at)
    if not group.is_scheduled or group.decided_at is not None:
        return
    if minimum is None or due is None or now < due:
        return
    groups = GroupRepository(db, practice_id)
    await groups.set_decided(group, now)
    taken = await groups.seats_taken_at(group, due)
    if taken >= minimum:
        return
    cancels = group.rules.auto_cancel and group.seats_taken < minimum and now < group.starts_at
    command_id = await _tell(db, group, taken, now, cancels=cancels)
    if cancels:
        await end_group(
            db,
            SYSTEM,
            group,
            seat_ids,
            reason=None,
            now=now,
            credit_grace=credit_grace,
            command_id=command_id,
        )


async def _tell(
    db: AsyncConnection, group: GroupDetails, taken: int, now: datetime, *, cancels: bool
) -> UUID:
    """Tell the practice and webhooks that the minimum is missed; give the id of this command."""
    command_id = uuid4()
    change_id = await write_group_change(
        db,
        SYSTEM,
        group,
        "below_minimum",
        now,
        command_id=command_id,
        details={"seats_taken_when_due": taken, "cancels": cancels},
    )
    await tell_of_group(
        db, group, change_id, now, mail="group_below_minimum", event="group.below_minimum"
    )
    return command_id
