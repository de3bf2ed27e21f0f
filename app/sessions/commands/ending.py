"""The steps that cancelling a session and marking it as missed share."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.locks import lock_session
from app.domain.policy.decide import share_to_refill
from app.domain.policy.judgement import Judged, judge_for_staff
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import notifications_about
from app.policies.stored import rules_of
from app.sessions.commands.asking import ask_about, with_question
from app.sessions.commands.checks import check_booked
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import answer_staff, finish, new_change
from app.sessions.commands.history_repository import HistoryRepository, NewChange, NewRefill
from app.sessions.commands.orders import (
    NO_UNDO,
    ChangeReason,
    ClientOrder,
    Effect,
    StaffOrder,
    StaffOutcome,
)
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.request_repository import end_request
from app.sessions.commands.undo_window import undo_of
from app.sessions.commands.wish_ending import end_wish_of_session
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord

End = Literal[Status.CANCELLED, Status.NOSHOW]
# A missed session is judged as cancelled after its start: a tier whose deadline is the start has
# passed as well.
JUST_AFTER = timedelta(microseconds=1)


async def end_by_staff(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    status: End,
    *,
    order: StaffOrder,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """End a booked session for the practice, and charge what the order says.

    Ending it again with the same status does nothing and gives the fee and credit of then.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: it has another status.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, staff.practice_id, order.reason)
    await lock_session(db, staff.practice_id, session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is status:
        history = HistoryRepository(db, staff.practice_id)
        effect = await history.latest_effect(session_id, status)
        return await answer_staff(db, staff, session_id, effect)
    check_booked(record, order.if_match)
    at = now if status is Status.CANCELLED else max(now, record.starts_at + JUST_AFTER)
    policy = rules_of(record.policy)
    judged = judge_for_staff(policy, Action.CANCEL, record.facts, at, charged=order.charged)
    effect = await end_session(
        db,
        record,
        status,
        judged,
        actor=staff.actor,
        order=order,
        now=now,
        credit_grace=credit_grace,
    )
    return await answer_staff(db, staff, session_id, effect)


async def end_session(
    db: AsyncConnection,
    record: SessionRecord,
    status: End,
    judged: Judged,
    *,
    actor: Actor,
    order: ClientOrder | StaffOrder,
    now: datetime,
    credit_grace: timedelta,
) -> Effect:
    """End a session, and queue its notifications; see `write_end`.

    A client who asks for it asks the practice to waive the fee.
    """
    change = await write_end(
        db,
        record,
        status,
        judged,
        actor=actor,
        reason=order.reason,
        now=now,
        credit_grace=credit_grace,
        undo_window=order.undo_window,
    )
    change = with_question(change, order.question_about(record), now)
    done: Literal["cancelled", "noshow"] = "noshow" if status is Status.NOSHOW else "cancelled"
    notifications = notifications_about(done, record.starts_at, now, fee=judged.cost.fee)
    effect = await finish(db, record.practice_id, record.id, change, notifications, now)
    await ask_about(db, record.practice_id, record.id, change, effect.command_id, now)
    return effect


async def write_end(
    db: AsyncConnection,
    record: SessionRecord,
    status: End,
    judged: Judged,
    *,
    actor: Actor,
    reason: ChangeReason | None,
    now: datetime,
    credit_grace: timedelta,
    undo_window: timedelta = NO_UNDO,
) -> NewChange:
    """Free the session's time, settle its credit, and give the entry of its history.

    A missed session keeps the part of its time that has passed (`taken_time`). An open move request
    ends, and so does the client's wish. For `undo_window` the client may take back the end, which
    is their own.
    """
    is_cancelled, cost = status is Status.CANCELLED, judged.cost
    answers = await end_request(db, record, "cancelled", actor, now)
    undo = undo_of(record, undo_window, now, answers=answers)
    sessions = SessionRepository(db, record.practice_id)
    await sessions.set_status(record, status, now, in_calendar=is_cancelled, undo=undo)
    await end_wish_of_session(db, record.practice_id, record.id, actor=actor, now=now)
    package_credits = CreditRepository(db, record.practice_id)
    await package_credits.settle(record.id, cost.credit, now, credit_grace)
    change = new_change(
        "cancelled" if is_cancelled else "noshow",
        actor,
        record,
        judged=judged,
        reason=reason,
        in_calendar=is_cancelled,
        answers=answers,
    )
    percent = _share_to_refill(record, judged) if is_cancelled else None
    if percent is not None and now < record.starts_at:
        owner = record.practitioner_id, record.client_id, record.group_id
        details = (change.details or {}) | {"forgiven_if_refilled": True}
        refill = NewRefill(*owner, percent)
        return replace(
            change, details=details, refill=refill, collect_after=record.starts_at.astimezone(UTC)
        )
    return replace(change, collect_after=None if undo is None else undo.until)


def _share_to_refill(record: SessionRecord, judged: Judged) -> int | None:
    """Give the share of the time that others must take to forgive what the cancellation costs.

    Or to give back what it has used of the allowance; None: nothing is.
    """
    policy, facts = rules_of(record.policy), record.facts
    if judged.used is not None:
        return None if facts.carried is not None else policy.cancel.refilled
    return share_to_refill(policy, facts, judged.cost)
