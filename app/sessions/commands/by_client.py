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
from app.domain.availability import Calendar, Request, offer
from app.domain.errors import (
    ActionRefusedError,
    InvalidInputError,
    NoChangeError,
    QuoteStaleError,
)
from app.domain.intervals import Interval
from app.domain.policy import Action, Cost, decide, keeps_place
from app.domain.quotes import quoted_cost
from app.domain.session import Status
from app.domain.zones import to_seconds
from app.notices.outbox import drop_reminders, queue_notices, reminders, tell
from app.practices.policies import rules_of
from app.sessions.commands.credits import CreditRepository
from app.sessions.commands.repository import Buffers, Meeting, SessionRepository
from app.sessions.commands.steps import (
    Outcome,
    Reason,
    Wish,
    check_version,
    choose_format,
    meeting_at,
    meeting_of,
    new_change,
    slot_unavailable,
)
from app.sessions.errors import QuoteOutdatedError, QuoteRequiredError
from app.sessions.quotes import Quotes
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client's command rests on: the quote he was shown and the version he saw, if any."""

    quote: str | None
    if_match: str | None


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
    await sessions.lock(session_id, caller.client_id)
    record = await read_session(db, caller, session_id)
    if record.status is Status.CANCELLED:
        return Outcome(record, await sessions.cost_of_latest(session_id, record.status))
    check_version(record, seen.if_match)
    cost = _judge(record, Action.CANCEL, seen.quote, quotes, now)

    await sessions.set_status(record, Status.CANCELLED, now, in_calendar=True)
    package_credits = CreditRepository(db, caller.practice_id)
    await package_credits.settle(session_id, cost.credit, now, credit_grace)
    present = meeting_of(record)
    change = new_change("cancelled", caller.actor, record, present, cost, reason)
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

    The same start with another format or location is a change of format, under its own rules. A
    move to another start keeps format and location where these cannot be changed for free.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, InvalidInputError, NoChangeError,
        QuoteInvalidError, QuoteOutdatedError, QuoteRequiredError, ActionRefusedError,
        SlotUnavailableError: see product.md section 4.
    """
    sessions = SessionRepository(db, caller.practice_id)
    await sessions.lock(session_id, caller.client_id)
    day = wish.start.date()
    record, calendar = await read_with_calendar(db, caller, session_id, day, day)
    check_version(record, seen.if_match)
    choice = choose_format(record.formats, wish)
    to = meeting_at(wish.start, record.ends_at - record.starts_at, choice, record.video_url)
    is_open = record.status is Status.BOOKED and now < record.starts_at
    keeps_time = wish.start == record.starts_at
    is_same_place = (to.format, to.location_id) == (record.format, record.location_id)
    if is_open and keeps_time and is_same_place:
        raise NoChangeError
    action = Action.CHANGE_FORMAT if keeps_time else Action.RESCHEDULE
    cost = _judge(record, action, seen.quote, quotes, now)
    if not keeps_time and not is_same_place:
        _check_may_change_place(record, now)
    request = _request(record, to, action, now)
    if not _is_offered(record, calendar, request, to.starts_at, now):
        raise await slot_unavailable(db, caller, record, request, to.starts_at, now)

    buffers = Buffers(record.buffer_before_minutes, record.buffer_after_minutes)
    await sessions.move(session_id, to, buffers, client_moves=0 if keeps_time else 1)
    if not keeps_time and cost.carries != record.carried:
        since = record.carried_since or record.version + 1
        await sessions.carry(session_id, cost.carries, since)
    kind = "format_changed" if keeps_time else "rescheduled"
    change = new_change(kind, caller.actor, record, to, cost, reason)
    change_id = await sessions.record(session_id, change, now)
    await drop_reminders(db, caller.practice_id, session_id, now)
    notices = [
        *tell("rescheduled", to.starts_at, now, fee=cost.fee),
        *reminders(to.starts_at, record.reminder_minutes, now),
    ]
    await queue_notices(db, caller.practice_id, session_id, change_id, notices, now)
    return Outcome(await read_session(db, caller, session_id), cost)


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


def _check_may_change_place(record: SessionRecord, now: datetime) -> None:
    """Make sure that a move may also change the format or the location.

    Raises:
        ActionRefusedError: a change of format is refused at this moment.
        InvalidInputError: it is allowed, but costs something, which a move would get around.
    """
    policy, facts = rules_of(record.policy), record.facts
    if not keeps_place(policy, facts, now):
        return
    decision = decide(policy, Action.CHANGE_FORMAT, facts, now)
    if not decision.allowed:
        raise ActionRefusedError(decision, record.client_zone)
    raise InvalidInputError("/format", "changing it costs a fee now, so a move has to keep it")


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
    return bool(found.starts) and start.microsecond == 0
