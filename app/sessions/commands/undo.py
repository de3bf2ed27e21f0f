"""Undo a change of a session (product.md section 10, "Undo" and "Undo by the client").

Staff undo the end of a session at any time. Clients take back their own last change within minutes.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import read_seat_holds
from app.calendar.locks import lock_session, lock_sessions
from app.calendar.offer_holds import end_offer_hold_of_seat, end_offer_holds_at
from app.domain.errors import (
    GroupCancelledError,
    GroupFullError,
    NoChangeError,
    UndoUnavailableError,
)
from app.domain.policy.after import facts_once_moved
from app.domain.policy.free import is_grace_over
from app.domain.refusals import GroupUnavailableError, SlotUnavailableError
from app.domain.session import SessionFacts, Status
from app.domain.undo import may_undo
from app.identity.api_keys.keys import Staff
from app.identity.queries import check_not_erased
from app.identity.tokens.access import Caller
from app.outbox.merging import drop_unsent
from app.outbox.outbox import NewNotification, notifications_about
from app.policies.stored import rules_of
from app.sessions.commands.checks import check_version
from app.sessions.commands.credit_repository import CreditRepository
from app.sessions.commands.finish import answer_client, answer_staff, finish, new_change
from app.sessions.commands.history_repository import HistoryRepository
from app.sessions.commands.meeting import Meeting, buffers_of, meeting_of
from app.sessions.commands.orders import ChangeReason, Outcome, StaffOutcome
from app.sessions.commands.overlap_repository import find_overlap
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.repository import SessionRepository, whole_time
from app.sessions.commands.request_repository import end_request, reopen_request
from app.sessions.commands.seat_repository import SeatRepository
from app.sessions.commands.seats import take_seat_again
from app.sessions.commands.slots import check_free, owner_of, wanted_time
from app.sessions.commands.undo_window import StateBefore, state_before
from app.sessions.commands.upcoming import mails_to_come
from app.sessions.commands.wish_repository import reopen_wish
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
    practice. What it has used of the client's allowance is given back. The session takes its time
    again, and a credit of its package pays for it again (product.md section 10, "Credits").

    Raises:
        NotFoundError, VersionMismatchError: see product.md section 4.
        NoChangeError: the session is booked already.
        ClientErasedError, SlotUnavailableError: see `_meeting_again`.
        GroupFullError, GroupCancelledError, GroupUnavailableError: see `take_seat_again`.
        CreditUnavailableError: the package has no usable credit.
        InvalidInputError: see `check_staff_reason`.
    """
    await check_staff_reason(db, staff.practice_id, reason)
    await lock_session(db, staff.practice_id, session_id)
    record = await read_session(db, staff.practice_id, session_id)
    check_version(record, if_match)
    if record.status is Status.BOOKED:
        raise NoChangeError
    to = await _meeting_again(db, record, now)
    history = HistoryRepository(db, staff.practice_id)
    voided = await history.void_fee(session_id, record.status, now)
    given_back = await history.give_back_use(session_id, record.status, "undo", now)
    await CreditRepository(db, staff.practice_id).restore(session_id, now)
    in_calendar = record.status is Status.CANCELLED or to.seat is not None
    facts = await _set_booked(db, record, to, now, in_calendar=in_calendar)
    await end_request(db, record, "moved", staff.actor, now)
    change = new_change(
        "restored",
        staff.actor,
        record,
        to=to,
        reason=reason,
        in_calendar=in_calendar,
        details=_undone(record.status, voided_fee=voided, given_back=given_back),
    )
    notifications = _notifications(record, to, facts, now)
    effect = await finish(db, staff.practice_id, session_id, change, notifications, now)
    return await answer_staff(db, staff, session_id, effect)


def _undone(kind: str, *, voided_fee: bool, given_back: bool) -> dict[str, object]:
    """Give the details of an undo. `given_back`: the change had used one of the allowance."""
    details = {"undone": kind, "voided_fee": voided_fee}
    return details | {"allowance_given_back": True} if given_back else details


async def _set_booked(
    db: AsyncConnection, record: SessionRecord, to: Meeting, now: datetime, *, in_calendar: bool
) -> SessionFacts:
    """Set an ended session back to booked, and give its facts afterwards."""
    sessions = SessionRepository(db, record.practice_id)
    if to.seat is not None:
        ends_grace = to.starts_at != record.starts_at and is_grace_over(
            rules_of(record.policy), record.facts, now
        )
        return await sessions.restore_seat(record, to, to.seat, ends_grace=ends_grace)
    await sessions.set_status(record, Status.BOOKED, now, in_calendar=in_calendar)
    return facts_once_moved(record.facts, to.starts_at, record.frozen_deadlines)


async def undo_by_client(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    if_match: str | None,
    now: datetime,
) -> Outcome:
    """Take back a client's own cancellation, move or change of format, if it is the last change.

    The session is as it was before. A move request that the change answered is open again, and a
    wish that it has ended waits again. A mail about the undone change that was not sent
    yet is dropped; then there is none about the undo.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError: see product.md section 4.
        UndoUnavailableError: the time for it is over, or the change was not the client's.
        SlotUnavailableError: the time is taken.
        GroupUnavailableError, GroupFullError, GroupCancelledError: see `_seat_of_then`.
        CreditUnavailableError: the package has no usable credit.
    """
    practice_id, sessions = caller.practice_id, SessionRepository(db, caller.practice_id)
    await _lock_with_old_group(db, caller, session_id)
    record = await read_session(db, caller, session_id)
    check_version(record, if_match)
    state = await sessions.read_undo(session_id)
    if state is None or not may_undo(record.undo_until, now):
        raise UndoUnavailableError
    before = state_before(state, record)
    to = await _meeting_of_then(db, record, before, now)
    history = HistoryRepository(db, practice_id)
    undone = await history.change_to(session_id, record.version)
    voided = await history.void_fee(session_id, undone.kind, now)
    given_back = await history.give_back_use(session_id, undone.kind, "undo", now)
    if record.status is Status.CANCELLED:
        await CreditRepository(db, practice_id).restore(session_id, now)
    facts = await sessions.go_back(record, before, to)
    await _reopen(db, caller, session_id, before, changed_at=undone.at, now=now)
    details = _undone(undone.kind, voided_fee=voided, given_back=given_back)
    change = new_change("restored", caller.actor, record, to=to, details=details)
    told = notifications_about("restored", to.starts_at, now)
    dropped = await drop_unsent(db, practice_id, undone.id, now) if undone.is_alone else set()
    notifications = [
        *(one for one in told if one.recipient not in dropped),
        *mails_to_come(record, facts, now, confirmed=before.confirmed_at is not None),
    ]
    effect = await finish(db, practice_id, session_id, change, notifications, now)
    return await answer_client(db, caller, session_id, effect)


async def _reopen(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    before: StateBefore,
    *,
    changed_at: datetime,
    now: datetime,
) -> None:
    """Open again what a change at `changed_at` has ended: a move request, and the client's wish."""
    practice_id, actor = caller.practice_id, caller.actor
    await reopen_request(db, practice_id, session_id, before.move_request_id, now)
    await reopen_wish(db, practice_id, session_id, changed_at=changed_at, actor=actor, now=now)


async def _lock_with_old_group(db: AsyncConnection, caller: Caller, session_id: UUID) -> None:
    """Lock a session, and the group in which it was a seat before its last change.

    Raises:
        NotFoundError: the client has no such session.
    """
    practice_id = caller.practice_id
    state = await SessionRepository(db, practice_id).read_undo(session_id)
    groups = [] if state is None or state["group_id"] is None else [UUID(state["group_id"])]
    await lock_sessions(db, practice_id, [session_id], client_id=caller.client_id, group_ids=groups)


async def _meeting_of_then(
    db: AsyncConnection, record: SessionRecord, before: StateBefore, now: datetime
) -> Meeting:
    """Give the meeting before the change, if the practitioner and the client are free for it.

    A time that somebody else holds counts as taken.

    Raises:
        SlotUnavailableError: the time is taken.
        GroupUnavailableError, GroupFullError, GroupCancelledError: see `_seat_of_then`.
    """
    if before.group_id is not None:
        return await _seat_of_then(db, record, before, now)
    buffers = buffers_of(record)
    overlap = await find_overlap(db, owner_of(record), before.meeting, buffers, now)
    if overlap.is_taken or overlap.held_until is not None:
        held_until = None if overlap.is_taken else overlap.held_until
        raise SlotUnavailableError((), timedelta(0), record.client_zone, held_until=held_until)
    return before.meeting


async def _seat_of_then(
    db: AsyncConnection, record: SessionRecord, before: StateBefore, now: datetime
) -> Meeting:
    """Take a seat again in the group of before the change, if the group is still at that time.

    Raises:
        GroupCancelledError: the group is cancelled.
        GroupFullError: no seat is free.
        GroupUnavailableError: the group has moved, its client is elsewhere then, or others hold all
            of its free seats.
    """
    assert before.group_id is not None  # noqa: S101 - the session was a seat
    group = await SeatRepository(db, record.practice_id).group(before.group_id)
    assert group is not None  # noqa: S101 - groups are never deleted
    if not group.is_scheduled:
        raise GroupCancelledError
    if group.free_seat is None:
        raise GroupFullError
    overlap = await find_overlap(db, owner_of(record), before.meeting, None, now)
    if overlap.is_taken or not group.is_at(before.meeting):
        raise GroupUnavailableError((), record.client_zone)
    holds = await read_seat_holds(db, record.practice_id, group.id, record.id, now)
    if holds.seats >= group.seats_left:
        raise GroupUnavailableError((), record.client_zone, held_until=holds.until)
    return group.meeting(group.free_seat)


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

    Raises:
        ClientErasedError: the session's client was erased.
        SlotUnavailableError: another session has taken the time, or holds it.
    """
    await check_not_erased(db, record.practice_id, record.client_id)
    await _end_offers(db, record, now)
    if record.group is not None:
        return await take_seat_again(db, record, now)
    meeting = meeting_of(record)
    await check_free(db, wanted_time(record, meeting), force=True, now=now, takes_held=False)
    return meeting


def _notifications(
    record: SessionRecord, to: Meeting, facts: SessionFacts, now: datetime
) -> list[NewNotification]:
    """Notify people and webhooks; only webhooks were notified of a fulfilled session.

    People do not know yet that its group has moved meanwhile.
    """
    is_confirmed = record.confirmed_at is not None and to.starts_at == record.starts_at
    is_known = record.status is not Status.FULFILLED or to.seat is not None
    return [
        *notifications_about("restored", to.starts_at, now, people=is_known),
        *mails_to_come(record, facts, now, confirmed=is_confirmed),
    ]
