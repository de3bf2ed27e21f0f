"""The instants of a session's deadlines in working days, after a change of the session."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.policy.working_days import FrozenDeadline, freeze_deadlines
from app.policies.queries import read_closed_days
from app.policies.stored import rules_of
from app.sessions.read.records import SessionRecord


async def deadlines_after(
    db: AsyncConnection, record: SessionRecord, starts_at: datetime, *, anew: bool
) -> tuple[FrozenDeadline, ...]:
    """Give the instants of the deadlines in working days of a session that starts at `starts_at`.

    `anew`: the start changes, so they are calculated again. Otherwise they stay as they are.
    """
    if not anew:
        return record.frozen_deadlines
    policy = rules_of(record.policy)
    closed = await read_closed_days(db, record.practice_id, policy)
    return freeze_deadlines(policy, starts_at, record.policy_zone, closed)
