"""What staff do to a session (product.md section 7). The policy's limits do not bind them.

Each command says whether the client is charged what the policy asks. Who acted comes from the API
key; the client is told. Commands are run by `transact`, as those of clients are.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.availability.queries import read_with_calendar
from app.domain.availability import Calendar
from app.domain.errors import (
    NoChangeError,
    SessionNotBookedError,
    SlotUnavailableError,
)
from app.domain.policy import Action, Cost, cost_by_staff
from app.domain.session import Status
from app.notices.outbox import NewNotice, drop_reminders, queue_notices, reminders, tell
from app.practices.policies import rules_of
from app.sessions.commands.book import Booking, book
from app.sessions.commands.credits import CreditRepository
from app.sessions.commands.repository import Buffers, Meeting, SessionRepository, Taken
from app.sessions.commands.steps import (
    NOTHING,
    Reason,
    Wish,
    check_fit,
    check_start,
    check_version,
    choose_format,
    meeting_at,
    meeting_of,
    new_change,
    unavailable_for_staff,
)
from app.sessions.read.for_staff import StaffSession, read_for_staff
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord

# A tier whose deadline is the start itself has passed for who did not come.
JUST_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a command rests on: why, whether the client is charged, and the version seen, if any."""

    reason: Reason | None
    charged: bool
    if_match: str | None


@dataclass(frozen=True, slots=True)
class StaffOutcome:
    """The session as it is after a command, and what the command cost its client."""

    found: StaffSession
    cost: Cost


async def book_session(
    db: AsyncConnection,
    staff: Staff,
    booking: Booking,
    *,
    force: bool,
    now: datetime,
    notify: bool = True,
) -> StaffOutcome:
    """Book a session for a client (app/sessions/commands/book.py)."""
    session_id = await book(
        db,
        staff.practice_id,
        booking,
        actor=staff.actor,
        force=force,
        now=now,
        notify=notify,
    )
    return await _outcome(db, staff, session_id, NOTHING)


async def cancel(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    seen: Seen,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """Cancel a session for the practice, at any time.

    Cancelling a cancelled session does nothing and gives the fee and credit of then.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: it has taken place, or its client did not come.
    """
    return await _end(
        db, staff, session_id, Status.CANCELLED, seen=seen, now=now, credit_grace=credit_grace
    )


async def mark_noshow(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    seen: Seen,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """Write down that the client did not come: charged as for a cancellation after the start.

    Doing it again does nothing and gives the fee and credit of then.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: it is cancelled or has taken place; undo that first.
    """
    return await _end(
        db, staff, session_id, Status.NOSHOW, seen=seen, now=now, credit_grace=credit_grace
    )


async def mark_fulfilled(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    reason: Reason | None,
    if_match: str | None,
    now: datetime,
) -> StaffOutcome:
    """Write down that the session took place; a credit that pays for it is used up.

    Doing it again does nothing, and nobody gets a mail.

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        SessionNotBookedError: it is cancelled, or its client did not come; undo that first.
    """
    sessions = SessionRepository(db, staff.practice_id)
    await sessions.lock(session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is Status.FULFILLED:
        return await _outcome(db, staff, session_id, NOTHING)
    _check_booked(record, if_match)
    await sessions.set_status(record, Status.FULFILLED, now, in_calendar=False)
    change = new_change(
        "fulfilled", staff.actor, record, meeting_of(record), NOTHING, reason, in_calendar=False
    )
    change_id = await sessions.record(session_id, change, now)
    await drop_reminders(db, staff.practice_id, session_id, now)
    notices = [NewNotice("session.fulfilled", "webhook", record.starts_at, now)]
    await queue_notices(db, staff.practice_id, session_id, change_id, notices, now)
    return await _outcome(db, staff, session_id, NOTHING)


async def reschedule(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    wish: Wish,
    force: bool,
    seen: Seen,
    now: datetime,
) -> StaffOutcome:
    """Move a session in place, or change its format, or both, for the practice.

    The time has to be free as for a booking by staff (commands/book.py). The move does not
    count against the client's limit, and `max_days_from_original` counts from the new start. What
    earlier moves of the client carried along falls.

    Raises:
        NotFoundError, VersionMismatchError, InvalidInputError, NoChangeError,
        SlotUnavailableError: see product.md section 4.
        SessionNotBookedError: it is not booked any more.
    """
    check_start(wish.start)
    await SessionRepository(db, staff.practice_id).lock(session_id)
    day = wish.start.date()
    record, calendar = await read_with_calendar(db, staff.practice_id, session_id, day, day)
    _check_booked(record, seen.if_match)
    choice, length = choose_format(record.formats, wish), record.ends_at - record.starts_at
    to = meeting_at(wish.start, length, choice, record.video_url)
    if takes_place(record, to):
        raise NoChangeError
    cost = await move(db, staff, record, calendar, to, force=force, seen=seen, now=now)
    return await _outcome(db, staff, session_id, cost)


async def move(
    db: AsyncConnection,
    staff: Staff,
    record: SessionRecord,
    calendar: Calendar,
    to: Meeting,
    *,
    force: bool,
    seen: Seen,
    now: datetime,
    notify: bool = True,
) -> Cost:
    """Give a booked session, which is locked, another time, length, format or place.

    Without `notify` neither the client nor the practitioner gets a mail about it.

    Raises:
        SlotUnavailableError: the time is not free.
    """
    sessions = SessionRepository(db, staff.practice_id)
    keeps_start = to.starts_at == record.starts_at
    keeps_time = keeps_start and to.ends_at == record.ends_at
    action = Action.CHANGE_FORMAT if keeps_time else Action.RESCHEDULE
    cost = cost_by_staff(rules_of(record.policy), action, record.facts, now, charged=seen.charged)
    if await _is_taken(sessions, record, to):
        raise await unavailable_for_staff(db, record, to, now)
    if not force:
        as_long = replace(record, ends_at=record.starts_at + (to.ends_at - to.starts_at))
        await check_fit(db, as_long, calendar, to, now)

    await sessions.move(record.id, to, _buffers(record), resets_original=not keeps_start)
    if not keeps_start and record.carried is not None:
        await sessions.carry(record.id, None)
    kind = "format_changed" if keeps_time else "rescheduled"
    change = new_change(kind, staff.actor, record, to, cost, seen.reason)
    change_id = await sessions.record(record.id, change, now)
    await drop_reminders(db, staff.practice_id, record.id, now)
    notices = [
        *tell("rescheduled", to.starts_at, now, fee=cost.fee, people=notify),
        *reminders(to.starts_at, record.reminder_minutes, now),
    ]
    await queue_notices(db, staff.practice_id, record.id, change_id, notices, now)
    return cost


def takes_place(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a session takes place then and there already."""
    present = (record.starts_at, record.ends_at, record.format, record.location_id)
    return present == (to.starts_at, to.ends_at, to.format, to.location_id)


async def undo(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    reason: Reason,
    if_match: str | None,
    now: datetime,
) -> StaffOutcome:
    """Set a cancelled, fulfilled or missed session back to booked, as if that had not been done.

    Its fee is void, also where it was settled: giving money back is the practice's. The session
    takes its time, and its package's credit, anew (product.md section 10, "Credits").

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        NoChangeError: the session is booked.
        SlotUnavailableError: its time is taken.
        CreditUnavailableError: its package has no credit any more.
    """
    sessions = SessionRepository(db, staff.practice_id)
    await sessions.lock(session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is Status.BOOKED:
        raise NoChangeError
    check_version(record, if_match)
    meeting = meeting_of(record)
    if await _is_taken(sessions, record, meeting):
        raise SlotUnavailableError([], meeting.ends_at - meeting.starts_at, record.client_zone)

    voided = await sessions.void_fee(session_id, record.status, now)
    await CreditRepository(db, staff.practice_id).take_back(session_id, now)
    in_calendar = record.status is Status.CANCELLED
    await sessions.set_status(record, Status.BOOKED, now, in_calendar=in_calendar)
    change = new_change(
        "restored",
        staff.actor,
        record,
        meeting,
        NOTHING,
        reason,
        in_calendar=in_calendar,
        details={"undone": record.status, "voided_fee": voided},
    )
    change_id = await sessions.record(session_id, change, now)
    told = tell("restored", meeting.starts_at, now)
    if record.status is Status.FULFILLED:
        told = [notice for notice in told if notice.recipient == "webhook"]
    notices = [*told, *reminders(meeting.starts_at, record.reminder_minutes, now)]
    await queue_notices(db, staff.practice_id, session_id, change_id, notices, now)
    return await _outcome(db, staff, session_id, NOTHING)


async def _end(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    status: Status,
    *,
    seen: Seen,
    now: datetime,
    credit_grace: timedelta,
) -> StaffOutcome:
    """Cancel, or mark as missed: free the time, settle fee and credit, and tell both people.

    A missed session keeps the part of its time that has passed (`taken_time`).
    """
    sessions = SessionRepository(db, staff.practice_id)
    await sessions.lock(session_id)
    record = await read_session(db, staff.practice_id, session_id)
    if record.status is status:
        cost = await sessions.cost_of_latest(session_id, status)
        return await _outcome(db, staff, session_id, cost)
    _check_booked(record, seen.if_match)
    missed = status is Status.NOSHOW
    at = max(now, record.starts_at + JUST_AFTER) if missed else now
    policy = rules_of(record.policy)
    cost = cost_by_staff(policy, Action.CANCEL, record.facts, at, charged=seen.charged)

    await sessions.set_status(record, status, now, in_calendar=not missed)
    package_credits = CreditRepository(db, staff.practice_id)
    await package_credits.settle(session_id, cost.credit, now, credit_grace)
    change = new_change(
        status,
        staff.actor,
        record,
        meeting_of(record),
        cost,
        seen.reason,
        in_calendar=not missed,
    )
    change_id = await sessions.record(session_id, change, now)
    await drop_reminders(db, staff.practice_id, session_id, now)
    notices = tell("noshow" if missed else "cancelled", record.starts_at, now, fee=cost.fee)
    await queue_notices(db, staff.practice_id, session_id, change_id, notices, now)
    return await _outcome(db, staff, session_id, cost)


async def _outcome(db: AsyncConnection, staff: Staff, session_id: UUID, cost: Cost) -> StaffOutcome:
    return StaffOutcome(await read_for_staff(db, staff.practice_id, session_id), cost)


def _check_booked(record: SessionRecord, if_match: str | None) -> None:
    check_version(record, if_match)
    if record.status is not Status.BOOKED:
        raise SessionNotBookedError


async def _is_taken(sessions: SessionRepository, record: SessionRecord, to: Meeting) -> bool:
    """Tell whether another session is in the way, which staff cannot lift with `force`."""
    time = Taken(record.practitioner_id, record.client_id, to, _buffers(record), by=record.id)
    return await sessions.is_taken(time)


def _buffers(record: SessionRecord) -> Buffers:
    return Buffers(record.buffer_before_minutes, record.buffer_after_minutes)
