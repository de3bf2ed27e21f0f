"""Change the seats and the minimum of a group; only staff do this."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_group_alone
from app.groups.commands.checks import check_rules, check_scheduled
from app.groups.commands.trail import write_group_change
from app.groups.queries import read_group
from app.groups.records import GroupDetails, GroupOutcome, SeatRules
from app.groups.repository import GroupRepository
from app.identity.api_keys.keys import Staff


async def change_group(
    db: AsyncConnection,
    staff: Staff,
    group_id: UUID,
    changed: Mapping[str, Any],
    *,
    if_match: str | None,
    now: datetime,
) -> GroupOutcome:
    """Change the fields of a group's seat rules that `changed` names.

    Repeating the call changes nothing. Without a minimum there is nothing to decide, so a null for
    `min_seats` also removes `decide_hours` and `auto_cancel`, unless they are named.

    Raises:
        NotFoundError: the practice has no such group.
        VersionMismatchError: the group has changed since.
        GroupCancelledError: the group is cancelled.
        InvalidInputError: see `check_rules`.
    """
    await lock_group_alone(db, staff.practice_id, group_id)
    group = await read_group(db, staff.practice_id, group_id)
    check_scheduled(group, if_match)
    if changed.get("min_seats", group.rules.min_seats) is None:
        changed = {"decide_hours": None, "auto_cancel": False, **changed}
    return await write_rules(db, staff, group, replace(group.rules, **changed), now)


async def write_rules(
    db: AsyncConnection, staff: Staff, group: GroupDetails, rules: SeatRules, now: datetime
) -> GroupOutcome:
    """Write the seat rules of a scheduled group, which the caller has locked, if they differ.

    Raises:
        InvalidInputError: see `check_rules`.
    """
    check_rules(rules, group.seats_taken)
    if rules == group.rules:
        return GroupOutcome(group, None)
    await GroupRepository(db, group.practice_id).set_rules(group, rules, now)
    after = await read_group(db, group.practice_id, group.id)
    change_id = await write_group_change(
        db, staff.actor, after, "updated", now, details={"seats_before": group.rules.seats}
    )
    return GroupOutcome(after, change_id)
