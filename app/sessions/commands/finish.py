"""The end of every command: record the change, drop reminders, queue notifications, answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.policy.costs import Cost
from app.domain.session import Carried
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.outbox.outbox import NewNotification, drop_reminders, queue_notifications
from app.sessions.commands.history_repository import HistoryRepository, NewChange
from app.sessions.commands.meeting import Meeting, meeting_of
from app.sessions.commands.orders import NO_COST, Outcome, Reason, StaffOutcome
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord
from app.sessions.read.staff_queries import read_for_staff


async def finish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    change: NewChange,
    notifications: Sequence[NewNotification],
    now: datetime,
) -> None:
    """Record a change of a session or of its fee, and queue what it causes to be sent.

    Reminders that wait for their time are dropped, since they tell of the session as it was; the
    notifications have the new ones. A change of a fee alone leaves them.
    """
    change_id = await HistoryRepository(db, practice_id).record(session_id, change, now)
    if change.of_fee is None:
        await drop_reminders(db, practice_id, session_id, now)
    await queue_notifications(db, practice_id, session_id, change_id, notifications, now)


async def answer_client(
    db: AsyncConnection, caller: Caller, session_id: UUID, cost: Cost
) -> Outcome:
    """Read the session as it is now, for the client."""
    return Outcome(await read_session(db, caller, session_id), cost)


async def answer_staff(
    db: AsyncConnection, staff: Staff, session_id: UUID, cost: Cost = NO_COST
) -> StaffOutcome:
    """Read the session as it is now, for staff."""
    return StaffOutcome(await read_for_staff(db, staff.practice_id, session_id), cost)


def new_change(
    kind: str,
    actor: Actor,
    record: SessionRecord,
    *,
    to: Meeting | None = None,
    cost: Cost = NO_COST,
    reason: Reason | None = None,
    in_calendar: bool = True,
    details: dict[str, Any] | None = None,
) -> NewChange:
    """Describe what a command does to a session. Without `to` it keeps its time and place.

    `in_calendar`: calendars have to know of it, so `SEQUENCE` goes up. What a move carries along is
    part of `details`.
    """
    present = meeting_of(record)
    if cost.carries is not None:
        details = (details or {}) | {"carries": _carried_details(cost.carries)}
    return NewChange(
        kind=kind,
        actor=actor,
        session_version=record.version + 1,
        calendar_sequence=record.calendar_sequence + int(in_calendar),
        before=present,
        after=to or present,
        currency=record.price.currency,
        fee=cost.fee,
        credit=cost.credit,
        reason_code=None if reason is None else reason.code,
        note=None if reason is None else reason.note,
        details=details,
    )


def _carried_details(carried: Carried) -> dict[str, Any]:
    return {
        "fee_minor": None if carried.fee is None else carried.fee.amount_minor,
        "forfeits_credit": carried.forfeits_credit,
    }
