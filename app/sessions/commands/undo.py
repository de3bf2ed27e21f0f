"""Undo a cancellation or an attendance mark; only staff do this (product.md section 7)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.domain.errors import NoChangeError
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import NewNotification, notifications_about, reminders
from app.sessions.commands.checks import check_version
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import answer_staff, finish, new_change
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.meeting import meeting_of
from app.sessions.commands.orders import ChangeReason, StaffOutcome
from app.sessions.commands.repository import SessionRepository
from app.sessions.commands.slots import check_free, wanted_time
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord


async def undo(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    reason: ChangeReason,
    if_match: str | None,
    now: datetime,
) -> StaffOutcome:
    """Set a cancelled, fulfilled or missed session back to booked.

    The fee of the undone change becomes void, even if it was settled; refunding it is up to the
    practice. The session takes its time again, and a credit of its package pays for it again
    (product.md section 10, "Credits").

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        NoChangeError: the session is booked already.
        SlotUnavailableError: another session has taken the time.
        CreditUnavailableError: the package has no usable credit.
    """
    await lock_session(db, staff.practice_id, session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is Status.BOOKED:
        raise NoChangeError
    check_version(record, if_match)
    await check_free(db, wanted_time(record, meeting_of(record)), force=True, now=now)
    history = HistoryRepository(db, staff.practice_id)
    voided = await history.void_fee(session_id, record.status, now)
    await CreditRepository(db, staff.practice_id).restore(session_id, now)
    in_calendar = record.status is Status.CANCELLED
    sessions = SessionRepository(db, staff.practice_id)
    await sessions.set_status(record, Status.BOOKED, now, in_calendar=in_calendar)
    change = new_change(
        "restored",
        staff.actor,
        record,
        reason=reason,
        in_calendar=in_calendar,
        details={"undone": record.status, "voided_fee": voided},
    )
    notifications = _notifications(record, now)
    effect = await finish(db, staff.practice_id, session_id, change, notifications, now)
    return await answer_staff(db, staff, session_id, effect)


def _notifications(record: SessionRecord, now: datetime) -> list[NewNotification]:
    """Notify people and webhooks; only webhooks were notified of a fulfilled session."""
    is_known = record.status is not Status.FULFILLED
    return [
        *notifications_about("restored", record.starts_at, now, people=is_known),
        *reminders(record.starts_at, record.reminder_minutes, now),
    ]
