"""Move a session or change its format.

Clients do this under the policy (product.md section 4), staff at any time (section 7).
The same start with another format or location is a change of format, which has its own rules.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.locks import lock_session, lock_sessions
from app.calendar.offer_holds import is_offered_to
from app.domain.availability import Calendar, SlotSearch, is_on_offer
from app.domain.errors import (
    InvalidInputError,
    NoChangeError,
)
from app.domain.policy.format_moves import format_change_by_move, must_keep_format_and_location
from app.domain.policy.judgement import Judged, judge_for_staff
from app.domain.policy.rules import Action
from app.domain.policy.target_fees import target_fees
from app.domain.refusals import ActionRefusedError, SlotUnavailableError
from app.domain.session import Format, Status
from app.domain.zones import seconds_up, to_seconds
from app.identity.api_keys.keys import Staff
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.outbox.outbox import notifications_about
from app.policies.stored import rules_of
from app.sessions.commands.asking import ask_about, check_question, with_question
from app.sessions.commands.checks import check_booked, check_start, check_version
from app.sessions.commands.client_cost import judge_for_client
from app.sessions.commands.finish import answer_client, answer_staff, finish
from app.sessions.commands.meeting import (
    Meeting,
    WantedMove,
    action_of,
    is_same_format_and_location,
    is_same_time,
    requested_meeting,
)
from app.sessions.commands.orders import (
    ClientOrder,
    Effect,
    Outcome,
    StaffOrder,
    StaffOutcome,
)
from app.sessions.commands.reasons import check_staff_reason
from app.sessions.commands.rebooking import book_again
from app.sessions.commands.seats import find_group, take_offered_seat, take_seat_for_staff
from app.sessions.commands.slots import check_free, nearest_slots, owner_of, wanted_time
from app.sessions.commands.write_move import write_move
from app.sessions.read.calendar import (
    move_search,
    read_with_calendar,
    slot_rules_for_client,
)
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord

Found = TypeVar("Found")


async def reschedule(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    requested: WantedMove,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
) -> Outcome:
    """Move a session for its client to an available slot, as the policy allows.

    A seat moves to another group. A move to another start must keep format and location if changing
    them is not free. A session that was cancelled or missed is booked again by its move, if the
    policy allows that or the practice asks its client to move it; the package that has paid for it
    pays again (app/sessions/commands/rebooking.py). The client may take the move back for a while.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, InvalidInputError, NoChangeError,
        QuoteInvalidError, QuoteOutdatedError, QuoteRequiredError, ActionRefusedError,
        SlotUnavailableError, GroupUnavailableError: see product.md section 4.
        CreditUnavailableError: the session is booked again, and its package has no usable credit.
    """
    record, to, judged = await find_target(
        db,
        caller,
        session_id,
        requested,
        if_match=order.if_match,
        judge=lambda record, action, start: judge_for_client(
            record, action, order, quotes, now, start
        ),
        now=now,
    )
    check_question(order.ask_waiver, [judged])
    if record.ended is not None:
        effect = await book_again(db, record, to, judged, actor=caller.actor, order=order, now=now)
    else:
        effect = await _move(db, record, to, judged, actor=caller.actor, order=order, now=now)
    return await answer_client(db, caller, session_id, effect)


async def find_target(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    requested: WantedMove,
    *,
    if_match: str | None,
    judge: Callable[[SessionRecord, Action, datetime], Found],
    now: datetime,
) -> tuple[SessionRecord, Meeting, Found]:
    """Lock a client's session, and give it with the requested meeting, which availability offers.

    `judge` checks by the policy whether the client may do the action, which leads to that start;
    what it gives is the third part.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, InvalidInputError, NoChangeError,
        ActionRefusedError, SlotUnavailableError, GroupUnavailableError: see product.md section 4.
    """
    await _lock(db, caller.practice_id, session_id, requested, client_id=caller.client_id)
    day = (requested.start or now).date()
    record, calendar = await read_with_calendar(db, caller, session_id, day, day, now)
    check_version(record, if_match)
    is_open = record.status is Status.BOOKED and now < record.starts_at
    if record.group is not None:
        seat = await find_group(db, record, requested)
        if is_open and seat.is_own_group(record):
            raise NoChangeError
        judged = judge(record, seat.action(record), seat.start)
        if seat.group is not None:
            check_format_and_location(record, seat.format, seat.group.location_id, now)
        return record, await take_offered_seat(db, record, seat, now), judged
    to = requested_meeting(record, requested.for_single())
    if is_open and is_same_meeting(record, to):
        raise NoChangeError
    action = action_of(record, to)
    judged = judge(record, action, to.starts_at)
    if action is Action.RESCHEDULE:
        check_format_and_location(record, to.format, to.location_id, now)
    await _check_on_offer(db, record, calendar, to, action, now)
    return record, to, judged


async def reschedule_by_staff(
    db: AsyncConnection,
    staff: Staff,
    session_id: UUID,
    *,
    requested: WantedMove,
    force: bool,
    order: StaffOrder,
    now: datetime,
) -> StaffOutcome:
    """Move a session for the practice.

    The new time must be free as for a booking (`check_free`). A seat moves to a group with a free
    seat, whatever its policy, notice and horizon. The move does not count towards the
    client's limit, `max_days_from_original` counts from the new start, and the carried cost of the
    client's earlier moves is removed.

    Raises:
        NotFoundError, VersionMismatchError, InvalidInputError, NoChangeError,
        SlotUnavailableError, GroupUnavailableError: see product.md section 4.
        SessionNotBookedError: the session is no longer booked.
        ClientErasedError: its client was erased.
    """
    if requested.start is not None:
        check_start(requested.start)
    await check_staff_reason(db, staff.practice_id, order.reason)
    await _lock(db, staff.practice_id, session_id, requested)
    record = await read_session(db, staff.practice_id, session_id)
    check_booked(record, order.if_match)
    if record.group is None:
        to = requested_meeting(record, requested.for_single())
        if is_same_meeting(record, to):
            raise NoChangeError
    else:
        seat = await find_group(db, record, requested)
        if seat.is_own_group(record):
            raise NoChangeError
        to = await take_seat_for_staff(db, record, seat, now, force=force)
    effect = await move_by_staff(db, staff, record, to, force=force, order=order, now=now)
    return await answer_staff(db, staff, session_id, effect)


async def move_by_staff(
    db: AsyncConnection,
    staff: Staff,
    record: SessionRecord,
    to: Meeting,
    *,
    force: bool,
    order: StaffOrder,
    now: datetime,
    notify: bool = True,
) -> Effect:
    """Change time, duration, format or location of a booked session, which the caller has locked.

    A seat has been taken for its client already (app/sessions/commands/seats.py). With `notify`
    False neither the client nor the practitioner gets an email about it. Returns its effect.

    Raises:
        SlotUnavailableError: the time is not free.
        ClientErasedError: see `write_move`.
    """
    rules, action = rules_of(record.policy), action_of(record, to)
    judged = judge_for_staff(
        rules, action, record.facts, now, charged=order.charged, target=to.starts_at
    )
    if to.seat is None:
        await check_free(db, wanted_time(record, to), force=force, now=now)
    return await _move(
        db, record, to, judged, actor=staff.actor, order=order, now=now, notify=notify
    )


def is_same_meeting(record: SessionRecord, to: Meeting) -> bool:
    """Tell whether a session already has this time, format and location."""
    return is_same_time(record, to) and is_same_format_and_location(record, to)


async def _lock(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    requested: WantedMove,
    *,
    client_id: UUID | None = None,
) -> None:
    """Lock the session, and the group that the request names.

    A group that is named by its start has the practitioner of the session: that lock is enough.
    """
    if requested.group_id is None:
        await lock_session(db, practice_id, session_id, client_id=client_id)
        return
    groups = [requested.group_id]
    await lock_sessions(db, practice_id, [session_id], client_id=client_id, group_ids=groups)


async def _move(
    db: AsyncConnection,
    record: SessionRecord,
    to: Meeting,
    judged: Judged,
    *,
    actor: Actor,
    order: ClientOrder | StaffOrder,
    now: datetime,
    notify: bool = True,
) -> Effect:
    """Write a checked move, and queue its notifications."""
    change, to_come = await write_move(
        db,
        record,
        to,
        judged,
        actor=actor,
        reason=order.reason,
        now=now,
        undo_window=order.undo_window,
    )
    change = with_question(change, order.question_about(record), now)
    notifications = [
        *notifications_about("rescheduled", to.starts_at, now, fee=judged.cost.fee, people=notify),
        *to_come,
    ]
    effect = await finish(db, record.practice_id, record.id, change, notifications, now)
    await ask_about(db, record.practice_id, record.id, change, effect.command_id, now)
    return effect


def check_format_and_location(
    record: SessionRecord, format_: Format, location_id: UUID | None, now: datetime
) -> None:
    """Check that a client's move to another time may also change the format or the location.

    Raises:
        ActionRefusedError: the policy refuses a change of format now.
        InvalidInputError: a change of format has a cost now, which the move would circumvent.
    """
    rules, facts = rules_of(record.policy), record.facts
    if (format_, location_id) == (record.format, record.location_id):
        return
    if not must_keep_format_and_location(rules, facts, now):
        return
    decision = format_change_by_move(rules, facts, now)
    if not decision.allowed:
        raise ActionRefusedError(decision, record.client_zone)
    raise InvalidInputError("/format", "field.format-costs")


async def _check_on_offer(
    db: AsyncConnection,
    record: SessionRecord,
    calendar: Calendar,
    to: Meeting,
    action: Action,
    now: datetime,
) -> None:
    """Check that the requested start is an available slot, by the rules of availability.

    Raises:
        SlotUnavailableError: the start is not available.
    """
    length = to.ends_at - to.starts_at
    search, rules = search_for(record, to, action, now), slot_rules_for_client(record, length, now)
    second = to_seconds(to.starts_at)

    def is_available(calendar: Calendar) -> bool:
        is_found = is_on_offer(calendar, rules, search, second, seconds_up(now))
        return is_found and to.starts_at.microsecond == 0

    if is_available(calendar):
        return
    held_until, is_offered = None, False
    if is_available(calendar.without_holds()):
        held_until = calendar.held_until(second, rules)
        is_offered = await is_offered_to(
            db,
            record.practice_id,
            record.client_id,
            record.practitioner_id,
            None,
            to.starts_at,
            now,
        )
    slots = await nearest_slots(db, owner_of(record), rules, search, to.starts_at, now)
    fees = target_fees(rules_of(record.policy), record.facts, now)
    raise SlotUnavailableError(
        slots, length, record.client_zone, held_until=held_until, is_offered=is_offered, fees=fees
    )


def search_for(record: SessionRecord, to: Meeting, action: Action, now: datetime) -> SlotSearch:
    """Build the search for the requested format and location. `action` is allowed already."""
    search = move_search(record, to.format, now)
    return replace(
        search,
        location_ids=[to.location_id],
        may_move=search.may_move or action is Action.RESCHEDULE,
        may_change_format=search.may_change_format or action is Action.CHANGE_FORMAT,
    )
