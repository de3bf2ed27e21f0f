"""Undo a cancellation or an attendance mark; only staff do this (product.md section 7)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_session
from app.calendar.offer_holds import end_offer_hold_of_seat, end_offer_holds_at
from app.domain.errors import NoChangeError
from app.domain.session import Status
from app.identity.api_keys.keys import Staff
from app.outbox.outbox import NewNotification, notifications_about, reminders
from app.sessions.commands.checks import check_version
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import answer_staff, finish, new_change
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.meeting import Meeting, buffers_of, meeting_of
from app.sessions.commands.orders import ChangeReason, StaffOutcome
from app.sessions.commands.repository import SessionRepository, whole_time
from app.sessions.commands.request_repository import end_request
from app.sessions.commands.seats import take_seat_again
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
        SlotUnavailableError: another session has taken the time, or holds it.
        GroupFullError, GroupCancelledError, GroupUnavailableError: see `take_seat_again`.
        CreditUnavailableError: the package has no usable credit.
    """
    await lock_session(db, staff.practice_id, session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is Status.BOOKED:
        raise NoChangeError
    check_version(record, if_match)
    to = await _meeting_again(db, record, now)
    history = HistoryRepository(db, staff.practice_id)
    voided = await history.void_fee(session_id, record.status, now)
    await CreditRepository(db, staff.practice_id).restore(session_id, now)
    in_calendar = record.status is Status.CANCELLED or to.seat is not None
    sessions = SessionRepository(db, staff.practice_id)
    if to.seat is None:
        await sessions.set_status(record, Status.BOOKED, now, in_calendar=in_calendar)
    else:
        await sessions.restore_seat(record, to, to.seat)
    await end_request(db, record, "moved", staff.actor, now)
    change = new_change(
        "restored",
        staff.actor,
        record,
        to=to,
        reason=reason,
        in_calendar=in_calendar,
        details={"undone": record.status, "voided_fee": voided},
    )
    notifications = _notifications(record, to, now)
    effect = await finish(db, staff.practice_id, session_id, change, notifications, now)
    return await answer_staff(db, staff, session_id, effect)


async def _end_offers(db: AsyncConnection, record: SessionRecord, now: datetime) -> None:
    """End the holds of those who are asked for the time that the session takes again.

    The worker then withdraws their offers and tells them (app/waitlist).
    """
    if record.group_id is None:
        whole = whole_time(meeting_of(record), buffers_of(record))
        await end_offer_holds_at(db, record.practice_id, record.practitioner_id, whole)
    elif record.status is Status.CANCELLED:
        await end_offer_hold_of_seat(db, record.practice_id, record.group_id, now)


async def _meeting_again(db: AsyncConnection, record: SessionRecord, now: datetime) -> Meeting:
    """Give the meeting of a session whose end is undone, if its time is free again.

    A seat takes part in its group as the group is now: the practice may have moved it.
    """
    await _end_offers(db, record, now)
    if record.group is not None:
        return await take_seat_again(db, record, now)
    meeting = meeting_of(record)
    await check_free(db, wanted_time(record, meeting), force=True, now=now, takes_held=False)
    return meeting


def _notifications(record: SessionRecord, to: Meeting, now: datetime) -> list[NewNotification]:
    """Notify people and webhooks; only webhooks were notified of a fulfilled session.

    People do not know yet that its group has moved meanwhile.
    """
    is_known = record.status is not Status.FULFILLED or to.seat is not None
    return [
        *notifications_about("restored", to.starts_at, now, people=is_known),
        *reminders(to.starts_at, record.reminder_minutes, now),
    ]
