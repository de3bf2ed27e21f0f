"""The last steps of every command: history, reminders, notifications and result."""

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
from app.sessions.commands.orders import NO_COST, ChangeReason, Effect, Outcome, StaffOutcome
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
) -> Effect:
    """Record a change of a session or of its fee, queue its notifications, and give its effect.

    Drops the pending reminders, because they describe the session before the change;
    `notifications` must contain the new ones. A change of only a fee keeps the reminders.
    """
    change_id = await HistoryRepository(db, practice_id).record(session_id, change, now)
    if change.of_fee is None:
        await drop_reminders(db, practice_id, session_id, now)
    await queue_notifications(db, practice_id, session_id, change_id, notifications, now)
    return Effect(Cost(change.fee, change.credit), change.command_id or change_id)


async def answer_client(
    db: AsyncConnection, caller: Caller, session_id: UUID, effect: Effect
) -> Outcome:
    """Give the result of a client's command, with the session after it."""
    return Outcome(await read_session(db, caller, session_id), effect)


async def answer_staff(
    db: AsyncConnection, staff: Staff, session_id: UUID, effect: Effect
) -> StaffOutcome:
    """Give the result of a staff command, with the session after it."""
    return StaffOutcome(await read_for_staff(db, staff.practice_id, session_id), effect)


def new_change(
    kind: str,
    actor: Actor,
    record: SessionRecord,
    *,
    to: Meeting | None = None,
    cost: Cost = NO_COST,
    reason: ChangeReason | None = None,
    in_calendar: bool = True,
    details: dict[str, Any] | None = None,
) -> NewChange:
    """Make the history entry of a command. `to` None: time, format and location stay.

    `in_calendar`: the change is visible in calendar files, so `SEQUENCE` increases. A carried cost
    becomes part of `details`.
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
