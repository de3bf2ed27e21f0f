"""What a client does to a session (product.md section 4; the order of steps is section 10's).

A command is run by `transact`, possibly more than once: it reads, decides, writes, and raises a
domain error where the answer is no.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.tokens import Caller
from app.availability.queries import (
    move_request,
    read_with_calendar,
    seconds_up,
    slot_rules,
)
from app.domain.availability import Calendar, Request, Slot, nearest, offer
from app.domain.errors import (
    ActionRefusedError,
    InvalidInputError,
    NoChangeError,
    QuoteStaleError,
    SlotUnavailableError,
    VersionMismatchError,
)
from app.domain.intervals import Interval
from app.domain.policy import Action, Cost, Credit, decide
from app.domain.quotes import quoted_cost
from app.domain.session import Format, Status
from app.domain.zones import to_seconds
from app.notices.outbox import drop_reminders, queue_notices, reminders, tell
from app.practices.policies import rules_of
from app.sessions.errors import QuoteOutdatedError, QuoteRequiredError
from app.sessions.queries import read_session
from app.sessions.quotes import Quotes
from app.sessions.records import OfferedFormat, SessionRecord
from app.sessions.repository import Buffers, Meeting, NewChange, SessionRepository

NEARBY = timedelta(days=31)
ALTERNATIVES = 3
NOTHING = Cost(None, None)


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a client changes something: a code to count by, and his own words."""

    code: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client's command rests on: the quote he was shown and the version he saw, if any."""

    quote: str | None
    if_match: str | None


@dataclass(frozen=True, slots=True)
class Wish:
    """The time and format that a client wants instead. The location only where it is needed."""

    start: datetime
    format: Format
    location_id: UUID | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """The session as it is after a command, and what the command cost."""

    record: SessionRecord
    cost: Cost


async def cancel(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    reason: Reason,
    seen: Seen,
    quotes: Quotes,
    now: datetime,
    credit_grace: timedelta,
) -> Outcome:
    """Cancel a session: free its time, settle fee and credit, and tell both sides.

    Cancelling a cancelled session does nothing and gives the fee and credit of then.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, QuoteInvalidError,
        QuoteOutdatedError, QuoteRequiredError, ActionRefusedError: see product.md section 4.
    """
    sessions = SessionRepository(db, caller.practice_id)
    await sessions.lock(caller.client_id, session_id)
    record = await read_session(db, caller, session_id)
    if record.status is Status.CANCELLED:
        return Outcome(record, _cost_of_cancellation(record))
    _check_version(record, seen.if_match)
    cost = _judge(record, Action.CANCEL, seen.quote, quotes, now)

    await sessions.cancel(session_id)
    if cost.credit is Credit.RETURNED:
        await sessions.return_credit(session_id, now, credit_grace)
    elif cost.credit is Credit.FORFEITED:
        await sessions.forfeit_credit(session_id, now)
    present = _meeting(record)
    change = _change("cancelled", caller, record, present, cost, reason)
    change_id = await sessions.record(session_id, change, now)
    await drop_reminders(db, caller.practice_id, session_id, now)
    notices = tell("cancelled", record.starts_at, now, fee=cost.fee)
    await queue_notices(db, caller.practice_id, session_id, change_id, notices, now)
    return Outcome(await read_session(db, caller, session_id), cost)


async def reschedule(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    wish: Wish,
    reason: Reason,
    seen: Seen,
    quotes: Quotes,
    now: datetime,
) -> Outcome:
    """Move a session in place, or change its format, or both, and tell both sides.

    The same start with another format or location is a change of format, under its own rules.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, InvalidInputError, NoChangeError,
        QuoteInvalidError, QuoteOutdatedError, QuoteRequiredError, ActionRefusedError,
        SlotUnavailableError: see product.md section 4.
    """
    sessions = SessionRepository(db, caller.practice_id)
    await sessions.lock(caller.client_id, session_id)
    day = wish.start.date()
    record, calendar = await read_with_calendar(db, caller, session_id, day, day)
    _check_version(record, seen.if_match)
    choice = _choose_format(record, wish)
    to = _meeting_at(record, wish.start, choice)
    is_open = record.status is Status.BOOKED and now < record.starts_at
    keeps_time = wish.start == record.starts_at
    keeps_place = (to.format, to.location_id) == (record.format, record.location_id)
    if is_open and keeps_time and keeps_place:
        raise NoChangeError
    action = Action.CHANGE_FORMAT if keeps_time else Action.RESCHEDULE
    cost = _judge(record, action, seen.quote, quotes, now)
    request = _request(record, to, action, now)
    if not _is_offered(record, calendar, request, to.starts_at, now):
        raise await _slot_unavailable(db, caller, record, request, to.starts_at, now)

    buffers = Buffers(record.buffer_before_minutes, record.buffer_after_minutes)
    await sessions.move(session_id, to, buffers, client_moves=0 if keeps_time else 1)
    kind = "format_changed" if keeps_time else "rescheduled"
    change = _change(kind, caller, record, to, cost, reason)
    change_id = await sessions.record(session_id, change, now)
    await drop_reminders(db, caller.practice_id, session_id, now)
    notices = [
        *tell("rescheduled", to.starts_at, now, fee=cost.fee),
        *reminders(to.starts_at, record.reminder_minutes, now),
    ]
    await queue_notices(db, caller.practice_id, session_id, change_id, notices, now)
    return Outcome(await read_session(db, caller, session_id), cost)


def _check_version(record: SessionRecord, if_match: str | None) -> None:
    if if_match is None or if_match.strip() == "*":
        return
    if record.etag not in {tag.strip() for tag in if_match.split(",")}:
        raise VersionMismatchError


def _judge(
    record: SessionRecord, action: Action, token: str | None, quotes: Quotes, now: datetime
) -> Cost:
    """Ask the policy, honour a quote that counts, and let no cost through that was not shown."""
    policy, facts = rules_of(record.policy), record.facts
    decision = decide(policy, action, facts, now)
    try:
        quoted = quoted_cost(
            None if token is None else quotes.read(token),
            practice_id=record.practice_id,
            session_id=record.id,
            version=record.version,
            action=action,
            now=now,
        )
    except QuoteStaleError:
        raise QuoteOutdatedError(decision, record, now) from None
    if quoted is not None:
        decision = decide(policy, action, facts, now, quoted=quoted)
    if decision.cost is None:
        raise ActionRefusedError(decision, record.client_zone)
    if quoted is None and not decision.cost.is_free:
        raise QuoteRequiredError(decision, record, now)
    return decision.cost


def _cost_of_cancellation(record: SessionRecord) -> Cost:
    then = record.cancellation
    return NOTHING if then is None else Cost(then.fee, then.credit)


def _choose_format(record: SessionRecord, wish: Wish) -> OfferedFormat:
    choices = [choice for choice in record.formats if choice.kind is wish.format]
    if not choices:
        raise InvalidInputError("/format", "the service has no such format")
    if wish.location_id is not None:
        choices = [
            choice
            for choice in choices
            if choice.location is not None and choice.location.id == wish.location_id
        ]
        if not choices:
            raise InvalidInputError("/location_id", "the service has no such location")
    if len(choices) > 1:
        raise InvalidInputError("/location_id", "needed: the service has several locations")
    return choices[0]


def _meeting(record: SessionRecord) -> Meeting:
    return Meeting(
        record.starts_at,
        record.ends_at,
        record.format,
        record.location_id,
        record.join_url,
        record.instructions,
    )


def _meeting_at(record: SessionRecord, start: datetime, choice: OfferedFormat) -> Meeting:
    """Put the session to another time and format: how to join changes with them."""
    return Meeting(
        starts_at=start,
        ends_at=start + (record.ends_at - record.starts_at),
        format=choice.kind,
        location_id=None if choice.location is None else choice.location.id,
        join_url=record.video_url if choice.kind is Format.VIDEO else None,
        instructions=choice.instructions,
    )


def _request(record: SessionRecord, to: Meeting, action: Action, now: datetime) -> Request:
    """Say what is looked for: the wished format and place. `action` is allowed, that is settled."""
    request = move_request(record, to.format, now)
    return replace(
        request,
        location_ids=[to.location_id],
        may_move=request.may_move or action is Action.RESCHEDULE,
        may_change_format=request.may_change_format or action is Action.CHANGE_FORMAT,
    )


def _is_offered(
    record: SessionRecord, calendar: Calendar, request: Request, start: datetime, now: datetime
) -> bool:
    second = to_seconds(start)
    window = Interval(second, second + 1)
    found = offer(calendar, slot_rules(record), request, window, seconds_up(now))
    return bool(found.slots) and start.microsecond == 0


async def _slot_unavailable(
    db: AsyncConnection,
    caller: Caller,
    record: SessionRecord,
    request: Request,
    wished: datetime,
    now: datetime,
) -> SlotUnavailableError:
    """Look for the three nearest slots: around the wished start first, then anywhere."""
    end = now + timedelta(days=record.horizon_days + 2)
    around = (max(now, wished - NEARBY), min(end, wished + NEARBY))
    found: list[Slot] = []
    for first, last in (around, (now, end)):
        if first < last and len(found) < ALTERNATIVES:
            _, calendar = await read_with_calendar(db, caller, record.id, first.date(), last.date())
            window = Interval(to_seconds(first), to_seconds(last))
            slots = offer(calendar, slot_rules(record), request, window, seconds_up(now)).slots
            found = nearest(slots, to_seconds(wished), ALTERNATIVES)
    duration = record.ends_at - record.starts_at
    return SlotUnavailableError(found, duration, record.client_zone)


def _change(
    kind: str, caller: Caller, record: SessionRecord, to: Meeting, cost: Cost, reason: Reason
) -> NewChange:
    return NewChange(
        kind=kind,
        actor=caller.actor,
        session_version=record.version + 1,
        calendar_sequence=record.calendar_sequence + 1,
        before=_meeting(record),
        after=to,
        currency=record.price.currency,
        fee=cost.fee,
        credit=cost.credit,
        reason_code=reason.code,
        note=reason.note,
    )
