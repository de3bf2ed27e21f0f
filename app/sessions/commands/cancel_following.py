"""Cancel a session with those that follow it in its series (product.md section 10).

All sessions change in one transaction, or none. A session without a series is alone in its scope.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.domain.errors import SessionNotBookedError
from app.domain.policy.costs import Cost
from app.domain.policy.judgement import Judged
from app.domain.policy.rules import Action
from app.domain.scope import Stays
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.sessions.commands.asking import ask_about, check_question, with_question
from app.sessions.commands.checks import check_version
from app.sessions.commands.ending import write_end
from app.sessions.commands.finish import ChangedSession, finish_all
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.leave_cancelled import leave_cancelled
from app.sessions.commands.orders import (
    ClientOrder,
    ScopeOutcome,
    StaffOrder,
    StaffScopeOutcome,
)
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.scope import (
    ScopeChoice,
    ScopeSessions,
    check_links,
    choose_sessions,
    costs_of,
    judge_all_for_client,
    judge_all_for_staff,
    preview_costs,
)
from app.sessions.commands.scope_answers import answer_client_scope, answer_staff_scope
from app.sessions.read.following_queries import lock_following


async def cancel_following(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    order: ClientOrder,
    choice: ScopeChoice,
    quotes: Quotes,
    now: datetime,
    credit_grace: timedelta,
) -> ScopeOutcome:
    """Cancel a session and those that follow it, for their client, as the policy allows.

    If none is left to cancel, nothing changes; the answer has the fees and credits of then. For
    those that the practice has cancelled, and asks about, the client answers that they need no
    other time.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError: see product.md section 4.
        ForbiddenError, InvalidInputError: see `check_links`, `choose_sessions`, `check_question`.
        QuoteInvalidError, ScopeQuoteOutdatedError, ScopeQuoteRequiredError, ScopeRefusedError: see
            `judge_all_for_client`.
    """
    found = await lock_following(db, caller, session_id)
    sessions = choose_sessions(found, Action.CANCEL, choice, now)
    check_links(caller, sessions)
    cancelled = [record for record, why in sessions.staying if why is Stays.CANCELLED]
    if not sessions.covered:
        command_id = await leave_cancelled(db, caller, cancelled, order, now)
        history, ids = HistoryRepository(db, caller.practice_id), [one.id for one in cancelled]
        if command_id is None:
            command_id = await history.command_of_cancelled(session_id, ids)
        costs = await history.costs_of_cancelled(ids)
        return await answer_client_scope(db, caller, sessions, costs, command_id, changed=())
    check_version(sessions.named, order.if_match)
    preview = preview_costs(sessions, Action.CANCEL, now)
    judged = judge_all_for_client(preview, order, quotes, now, keep=choice.keep)
    costs = costs_of(judged)
    check_question(order.ask_waiver, judged.values())
    command_id = await _end_all(
        db, sessions, judged, caller.actor, order, now=now, credit_grace=credit_grace
    )
    await leave_cancelled(db, caller, cancelled, order, now, command_id)
    return await answer_client_scope(db, caller, sessions, costs, command_id, changed=costs.keys())


async def cancel_following_by_staff(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    order: StaffOrder,
    choice: ScopeChoice,
    now: datetime,
    credit_grace: timedelta,
) -> StaffScopeOutcome:
    """Cancel a session and those that follow it, for the practice, at any time.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        InvalidInputError: see `choose_sessions`, `check_staff_reason`.
        SessionNotBookedError: the session is fulfilled or missed.
    """
    await check_staff_reason(db, staff.practice_id, order.reason)
    found = await lock_following(db, staff.practice_id, session_id)
    sessions = choose_sessions(found, Action.CANCEL, choice, now)
    if not sessions.covered:
        command_id, costs = await _cancelled_before(db, sessions)
        return await answer_staff_scope(db, staff, sessions, costs, command_id, changed=())
    check_version(sessions.named, order.if_match)
    if sessions.named.status not in {Status.BOOKED, Status.CANCELLED}:
        raise SessionNotBookedError
    actions = [(record, Action.CANCEL) for record in sessions.covered]
    judged = judge_all_for_staff(actions, now, charged=order.charged)
    command_id = await _end_all(
        db, sessions, judged, staff.actor, order, now=now, credit_grace=credit_grace
    )
    costs = costs_of(judged)
    return await answer_staff_scope(db, staff, sessions, costs, command_id, changed=costs.keys())


async def _cancelled_before(
    db: AsyncConnection, sessions: ScopeSessions
) -> tuple[UUID | None, dict[UUID, Cost]]:
    """Give the command that cancelled the named session, and what each cancelled session cost.

    That is the cost of its latest cancellation, whichever command that was: one of the command may
    have been undone, and cancelled anew.
    """
    history = HistoryRepository(db, sessions.named.practice_id)
    effect = await history.latest_effect(sessions.named.id, Status.CANCELLED)
    cancelled = [record.id for record, why in sessions.staying if why is Stays.CANCELLED]
    return effect.command_id, await history.costs_of_cancelled(cancelled)


async def _end_all(
    db: AsyncConnection,
    sessions: ScopeSessions,
    judged: Mapping[UUID, Judged],
    actor: Actor,
    order: ClientOrder | StaffOrder,
    *,
    now: datetime,
    credit_grace: timedelta,
) -> UUID:
    """Cancel the covered sessions, and give the command's id.

    A client who asks for a waiver asks about each fee.
    """
    changed = []
    for record in sessions.covered:
        change = await write_end(
            db,
            record,
            Status.CANCELLED,
            judged[record.id],
            actor=actor,
            reason=order.reason,
            now=now,
            credit_grace=credit_grace,
            undo_window=order.undo_window,
        )
        change = with_question(change, order.question_about(record), now)
        changed.append(ChangedSession(record, change, "cancelled"))
    command_id, practice_id = uuid4(), sessions.named.practice_id
    await finish_all(db, changed, now, command_id=command_id, named=sessions.named.id)
    for one in changed:
        await ask_about(db, practice_id, one.record.id, one.change, command_id, now)
    return command_id
