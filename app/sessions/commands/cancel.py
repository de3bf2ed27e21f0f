"""Cancel a session, by its client (product.md section 4) or by staff (section 7).

The order of steps is that of section 10. `transact` may run a command more than once. A command
raises a domain error to refuse.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.domain.policy.rules import Action
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.sessions.commands.asking import check_question
from app.sessions.commands.checks import check_version
from app.sessions.commands.client_cost import judge_for_client
from app.sessions.commands.ending import end_by_staff, end_session
from app.sessions.commands.finish import answer_client
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.leave_cancelled import leave_cancelled
from app.sessions.commands.orders import ClientOrder, Effect, Outcome, StaffOrder, StaffOutcome
from app.sessions.read.queries import read_session


async def cancel(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
    credit_grace: timedelta,
) -> Outcome:
    """Cancel a session for its client, as the policy allows. They may take it back for a while.

    Cancelling a cancelled session changes nothing and gives the original fee and credit. If the
    practice has cancelled it and asks for another time, the client answers that they need none.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, QuoteInvalidError,
        QuoteOutdatedError, QuoteRequiredError, ActionRefusedError: see product.md section 4.
        InvalidInputError: see `check_reason`, `check_question`.
    """
    await lock_session(db, caller.practice_id, session_id, client_id=caller.client_id)
    record = await read_session(db, caller, session_id)
    if record.status is Status.CANCELLED:
        history = HistoryRepository(db, caller.practice_id)
        effect = await history.latest_effect(session_id, record.status)
        command_id = await leave_cancelled(db, caller, [record], order, now)
        if command_id is None:
            first_id = await history.command_of_cancelled(session_id, [session_id])
            return Outcome(record, Effect(effect.cost, first_id))
        return await answer_client(db, caller, session_id, Effect(effect.cost, command_id))
    check_version(record, order.if_match)
    judged = judge_for_client(record, Action.CANCEL, order, quotes, now)
    check_question(order.ask_waiver, [judged])
    effect = await end_session(
        db,
        record,
        Status.CANCELLED,
        judged,
        actor=caller.actor,
        order=order,
        now=now,
        credit_grace=credit_grace,
    )
    return await answer_client(db, caller, session_id, effect)


async def cancel_by_staff(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    order: StaffOrder,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """Cancel a session for the practice, at any time.

    Cancelling a cancelled session changes nothing and gives the original fee and credit.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: the session is fulfilled or missed.
        InvalidInputError: see `check_staff_reason`.
    """
    return await end_by_staff(
        db,
        staff,
        session_id,
        Status.CANCELLED,
        order=order,
        now=now,
        credit_grace=credit_grace,
    )
