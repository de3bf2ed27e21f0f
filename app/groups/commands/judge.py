"""Judge the minimum of a group: tell the practice, and perhaps cancel the group.

Only the worker does this (app/groups/judging.py).
"""

from collections.abc import Sequence
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
    is_cancelled = group.rules.auto_cancel and group.seats_taken < minimum and now < group.starts_at
    await _judged(db, group, seat_ids, taken, now, credit_grace if is_cancelled else None)


async def _judged(
    db: AsyncConnection,
    group: GroupDetails,
    seat_ids: Sequence[UUID],
    taken: int,
    now: datetime,
    credit_grace: timedelta | None,
) -> None:
    """Tell the practice that too few seats are taken. With `credit_grace`, cancel the group."""
    command_id, is_cancelled = uuid4(), credit_grace is not None
    change_id = await write_group_change(
        db,
        SYSTEM,
        group,
        "below_minimum",
        now,
        command_id=command_id,
        details={"seats_taken_when_due": taken, "cancels": is_cancelled},
    )
    await tell_of_group(
        db, group, change_id, now, mails=["group_below_minimum"], event="group.below_minimum"
    )
    if credit_grace is not None:
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
