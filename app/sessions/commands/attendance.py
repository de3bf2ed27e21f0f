"""Mark a session as fulfilled, or as missed by its client (product.md section 7).

Only staff do this. The policy decides the cost of a missed session; a fulfilled one has no cost.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import NewNotification
from app.sessions.commands.checks import check_booked
from app.sessions.commands.ending import end_by_staff
from app.sessions.commands.finish import answer_staff, finish, new_change
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.orders import ChangeReason, StaffOrder, StaffOutcome
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.request_repository import end_request
from app.sessions.read.queries import read_session


async def mark_noshow(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    order: StaffOrder,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """Mark a session as missed; the cost is that of a cancellation after the start.

    Marking a missed session again changes nothing and gives the original fee and credit.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: the session is cancelled or fulfilled; undo that first.
    """
    return await end_by_staff(
        db,
        staff,
        session_id,
        Status.NOSHOW,
        order=order,
        now=now,
        credit_grace=credit_grace,
    )


async def mark_fulfilled(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    reason: ChangeReason | None,
    if_match: str | None,
    now: datetime,
) -> StaffOutcome:
    """Mark a session as fulfilled; a credit that pays for it is used up. Sends no email.

    Marking a fulfilled session again changes nothing.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: the session is cancelled or missed; undo that first.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, staff.practice_id, reason)
    await lock_session(db, staff.practice_id, session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is Status.FULFILLED:
        history = HistoryRepository(db, staff.practice_id)
        effect = await history.latest_effect(session_id, record.status)
        return await answer_staff(db, staff, session_id, effect)
    check_booked(record, if_match)
    await end_request(db, record, "moved", staff.actor, now)
    sessions = SessionRepository(db, staff.practice_id)
    await sessions.set_status(record, Status.FULFILLED, now, in_calendar=False)
    change = new_change("fulfilled", staff.actor, record, reason=reason, in_calendar=False)
    notifications = [NewNotification("session.fulfilled", "webhook", record.starts_at, now)]
    effect = await finish(db, staff.practice_id, session_id, change, notifications, now)
    return await answer_staff(db, staff, session_id, effect)
