"""Hold a time for a session, and let go of it (product.md section 10, "Holds")."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import HoldRepository, LastHold, NewHold
from app.domain.holds import WINDOW, HeldTarget, HoldTerm, PastHold, hold_again
from app.domain.policy.after import CancelAfter, cancel_after, facts_once_moved_by_client
from app.domain.policy.decide import Decision
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.policies.queries import read_closed_days
from app.policies.stored import rules_of
from app.sessions.commands.client_cost import check_allowed
from app.sessions.commands.meeting import (
    Buffers,
    Meeting,
    WantedMove,
    buffers_of,
)
from app.sessions.commands.reschedule import find_target
from app.sessions.read.queries import read_session
from app.sessions.read.records import SessionRecord


@dataclass(frozen=True, slots=True)
class Hold:
    """A time that a session holds. `zone` is the client's.

    `cancel_after` is what cancelling costs right after the move to it, if it is made now, for a
    usual reason, and with the allowance where the decision would use it.
    """

    target: HeldTarget
    ends_at: datetime
    expires_at: datetime
    zone: ZoneInfo
    cancel_after: CancelAfter


async def hold(
    db: AsyncConnection,
    caller: Caller,
    session_id: UUID,
    *,
    requested: WantedMove,
    quote: str | None,
    if_match: str | None,
    quotes: Quotes,
    now: datetime,
) -> Hold:
    """Hold a time that availability offers, or a seat, while the client chooses it.

    The move must be allowed, or covered by `quote`; what it costs does not matter yet. A session
    has one hold: a new one replaces it, the same one again renews it. Changes neither the session
    nor its version, and notifies nobody.

    Raises:
        NotFoundError, UnauthorizedError, VersionMismatchError, InvalidInputError, NoChangeError,
        QuoteInvalidError, QuoteOutdatedError, ActionRefusedError, SlotUnavailableError,
        GroupUnavailableError: as for the move.
        RateLimitedError: see `hold_again`.
    """
    record, to, decision = await find_target(
        db,
        caller,
        session_id,
        requested,
        if_match=if_match,
        judge=lambda record, action, start: check_allowed(
            record, action, quote, quotes, now, start
        ),
        now=now,
    )
    return await _write(db, caller, record, to, decision, now)


async def release(db: AsyncConnection, caller: Caller, session_id: UUID) -> None:
    """Let go of the time that a session holds. Does nothing if it holds none.

    Raises:
        NotFoundError, UnauthorizedError: as for the session.
    """
    await read_session(db, caller, session_id)
    await HoldRepository(db, caller.practice_id).end(session_id)


async def _cancel_after(
    db: AsyncConnection, record: SessionRecord, to: Meeting, move: Decision, now: datetime
) -> CancelAfter:
    policy = rules_of(record.policy)
    closed = await read_closed_days(db, record.practice_id, policy)
    after = facts_once_moved_by_client(policy, record.facts, to.starts_at, closed, move, now)
    return cancel_after(policy, after, now)


async def _write(
    db: AsyncConnection,
    caller: Caller,
    record: SessionRecord,
    to: Meeting,
    move: Decision,
    now: datetime,
) -> Hold:
    holds = HoldRepository(db, caller.practice_id)
    group_id = None if to.seat is None else to.seat.group_id
    target = HeldTarget(to.starts_at, to.format, to.location_id, group_id)
    found = await holds.read(record.id, record.client_id, now)
    term = hold_again(_past(found.last), target, found.others, now)
    if term.first_held_at == now:
        await holds.forget(record.practitioner_id, now - WINDOW)
    buffers: Buffers = buffers_of(record) if to.seat is None else to.seat.buffers
    await holds.write(
        NewHold(
            id=uuid4(),
            practitioner_id=record.practitioner_id,
            client_id=record.client_id,
            session_id=record.id,
            group_id=group_id,
            starts_at=to.starts_at,
            ends_at=to.ends_at,
            buffer_before_minutes=buffers.before,
            buffer_after_minutes=buffers.after,
            format=to.format,
            location_id=to.location_id,
            held_by="link" if caller.is_link else "client",
            first_held_at=term.first_held_at,
            expires_at=term.expires_at,
            new_since=term.new_since,
            new_count=term.new_count,
        )
    )
    after = await _cancel_after(db, record, to, move, now)
    return Hold(target, to.ends_at, term.expires_at, record.client_zone, after)


def _past(last: LastHold | None) -> PastHold | None:
    if last is None:
        return None
    target = HeldTarget(last.starts_at, last.format, last.location_id, last.group_id)
    term = HoldTerm(last.first_held_at, last.expires_at, last.new_since, last.new_count)
    return PastHold(target, term)
