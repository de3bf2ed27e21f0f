"""A client announces that they cannot come, after the option to cancel has closed.

Source: product.md section 10, "Absence".
"""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.outbox.outbox import NewNotification, notifications_about
from app.sessions.commands.asking import ask_about, check_question, with_question
from app.sessions.commands.checks import check_version
from app.sessions.commands.client_cost import check_allowed, judge_for_client
from app.sessions.commands.ending import write_end
from app.sessions.commands.finish import answer_client, finish, new_change
from app.sessions.commands.history_repository import ABSENCE_ANNOUNCED, HistoryRepository
from app.sessions.commands.orders import NO_COST, ClientOrder, Effect, Outcome
from app.sessions.commands.reasons import check_reason
from app.sessions.commands.repository import SessionRepository
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord


async def announce_absence(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    free_time: bool,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
    credit_grace: timedelta,
) -> Outcome:
    """Record that a client cannot come, and tell the practitioner at once.

    With `free_time` the session is cancelled, at the cost of a missed one. Without it the session
    stays booked and nothing is owed, so a question for a waiver is dropped; the practice decides
    whether it counts as missed.

    Announcing the same again changes nothing. Whoever has announced their absence may free the time
    afterwards. A session that is cancelled already gives the fee and credit of then.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, QuoteInvalidError,
        QuoteOutdatedError, QuoteRequiredError, ActionRefusedError: see product.md section 4.
        InvalidInputError: see `check_reason`, `check_question`.
    """
    await lock_session(db, caller.practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    if record.status is Status.CANCELLED:
        history = HistoryRepository(db, caller.practice_id)
        return Outcome(record, await history.latest_effect(session_id, record.status))
    if record.status is Status.BOOKED and record.absence is not None and not free_time:
        return Outcome(record, Effect(NO_COST, record.absence.change_id))
    check_version(record, order.if_match)
    if free_time:
        effect = await _free_time(db, caller, record, order, quotes, now, credit_grace)
    else:
        check_reason(record, order.reason)
        check_allowed(record, Action.ABSENCE, order.quote, quotes, now)
        effect = await _announce(db, caller, record, order, now)
    assert effect.command_id is not None  # noqa: S101 - the session has changed
    await SessionRepository(db, caller.practice_id).set_absence(session_id, effect.command_id)
    return await answer_client(db, caller, session_id, effect)


async def _announce(
    db: AsyncConnection, caller: Caller, record: SessionRecord, order: ClientOrder, now: datetime
) -> Effect:
    """Record the absence. The session stays as it is, also its version; reminders are dropped."""
    change = new_change(
        ABSENCE_ANNOUNCED, caller.actor, record, reason=order.reason, in_calendar=False
    )
    change = replace(change, session_version=record.version)
    notifications = [
        NewNotification("session.absence_announced", "webhook", record.starts_at, now),
        NewNotification("absence", "client", record.starts_at, now),
        NewNotification("absence", "practitioner", record.starts_at, now),
    ]
    return await finish(db, record.practice_id, record.id, change, notifications, now)


async def _free_time(
    db: AsyncConnection,
    caller: Caller,
    record: SessionRecord,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
    credit_grace: timedelta,
) -> Effect:
    """Cancel the session at the cost of a missed one."""
    judged = judge_for_client(record, Action.ABSENCE, order, quotes, now)
    check_question(order.ask_waiver, [judged])
    change = await write_end(
        db,
        record,
        Status.CANCELLED,
        judged,
        actor=caller.actor,
        reason=order.reason,
        now=now,
        credit_grace=credit_grace,
        undo_window=order.undo_window,
    )
    change = replace(change, details=(change.details or {}) | {"absence": True})
    change = with_question(change, order.question_about(record), now)
    notifications = [
        *notifications_about("cancelled", record.starts_at, now, fee=judged.cost.fee),
        NewNotification("session.absence_announced", "webhook", record.starts_at, now),
    ]
    effect = await finish(db, record.practice_id, record.id, change, notifications, now)
    await ask_about(db, record.practice_id, record.id, change, effect.command_id, now)
    return effect
