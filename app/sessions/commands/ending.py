"""The steps that cancelling a session and marking it as missed share."""

from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.policy.costs import Cost
from app.domain.session import Status
from app.outbox.outbox import notifications_about
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import finish, new_change
from app.sessions.commands.orders import ChangeReason
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.records import SessionRecord


async def end_session(
    db: AsyncConnection,
    record: SessionRecord,
    status: Literal[Status.CANCELLED, Status.NOSHOW],
    cost: Cost,
    *,
    actor: Actor,
    reason: ChangeReason | None,
    now: datetime,
    credit_grace: timedelta,
) -> None:
    """Free the session's time, record its fee, settle its credit, and queue notifications.

    A missed session keeps the part of its time that has passed (`taken_time`).
    """
    is_cancelled = status is Status.CANCELLED
    sessions = SessionRepository(db, record.practice_id)
    await sessions.set_status(record, status, now, in_calendar=is_cancelled)
    package_credits = CreditRepository(db, record.practice_id)
    await package_credits.settle(record.id, cost.credit, now, credit_grace)
    change = new_change(status, actor, record, cost=cost, reason=reason, in_calendar=is_cancelled)
    done: Literal["cancelled", "noshow"] = "cancelled" if is_cancelled else "noshow"
    notifications = notifications_about(done, record.starts_at, now, fee=cost.fee)
    await finish(db, record.practice_id, record.id, change, notifications, now)
