"""What makes an action free of charge, whatever its fees (product.md section 2, "Free actions")."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from app.domain.policy.rules import Action, Policy
from app.domain.session import SessionFacts, Status


class FreeBecause(StrEnum):
    """Why an action is free.

    The practice asks for a move, or has moved the session itself, or the session was booked a short
    time ago. `target` makes free the fee of a move, and nothing else, because of the start to which
    it leads. `reason`: the client gives a reason for which the practice charges nothing.
    `allowance` makes a change free that nothing else does; it uses up one of the client's
    allowance.
    """

    # Where each of the last three is decided: targets.py, reason_costs.py, allowance.py.

    MOVE_REQUEST = "move_request"
    PRACTICE_MOVE = "practice_move"
    GRACE = "grace"
    TARGET = "target"
    REASON = "reason"
    ALLOWANCE = "allowance"


# Grace lifts no deadline: it is about what an action costs.
_LIFTS_CLOSES = {FreeBecause.MOVE_REQUEST, FreeBecause.PRACTICE_MOVE}
_CAN_BE_FREE = frozenset({Action.CANCEL, Action.RESCHEDULE})
# The grace period ends so long before the start, however recent the booking is.
_GRACE_ENDS_BEFORE = timedelta(hours=2)


class FreeTime(NamedTuple):
    """An action is free up to and including `until`, because of `because`."""

    because: FreeBecause
    until: datetime


def free_times(policy: Policy, action: Action, facts: SessionFacts) -> list[FreeTime]:
    """Give what makes an action free, in the order in which it is named. Nothing does at the start.

    A change of format keeps its fees: neither a move request nor a move asks for one. An absence is
    announced after all deadlines. A session that is booked again was not moved by the practice
    since its end, and its booking gets no grace.
    """
    found: list[FreeTime] = []
    if action not in _CAN_BE_FREE:
        return found
    starts_at = facts.starts_at.astimezone(UTC)
    if facts.answer_by is not None:
        until = min(facts.answer_by.astimezone(UTC), starts_at)
        found.append(FreeTime(FreeBecause.MOVE_REQUEST, until))
    books_again = action is Action.RESCHEDULE and facts.ended is not None
    if facts.moved_by_practice and policy.free_after_practice_move and not books_again:
        found.append(FreeTime(FreeBecause.PRACTICE_MOVE, starts_at))
    grace_until = None if books_again else _grace_until(policy, facts)
    if grace_until is not None:
        found.append(FreeTime(FreeBecause.GRACE, grace_until))
    return found


def _grace_until(policy: Policy, facts: SessionFacts) -> datetime | None:
    """Give the last instant (UTC) of the grace period after the booking; None: there is none.

    A session that starts within two hours of its booking has none.
    """
    if not policy.grace or facts.grace_from is None:
        return None
    grace_from = facts.grace_from.astimezone(UTC)
    until = min(grace_from + policy.grace, facts.starts_at.astimezone(UTC) - _GRACE_ENDS_BEFORE)
    return until if until >= grace_from else None


def is_grace_over(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether the policy has a grace period, and the session's has ended or never was."""
    if not policy.grace:
        return False
    until = _grace_until(policy, facts)
    return until is None or now > until


def free_until(times: Sequence[FreeTime]) -> datetime | None:
    """Give the last instant (UTC) at which something makes the action free; None: nothing does."""
    return max((free.until for free in times), default=None)


def lifted_until(times: Sequence[FreeTime]) -> datetime | None:
    """Give the last instant (UTC) until which something lifts the deadline; None: nothing does."""
    return max((free.until for free in times if free.because in _LIFTS_CLOSES), default=None)


def why_free(times: Sequence[FreeTime], now: datetime) -> FreeBecause | None:
    """Name the first that makes the action free at `now`; None: it costs what its fees say."""
    return next((free.because for free in times if now <= free.until), None)


def is_asked(facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move request for the session is open at `now`. The start ends it."""
    is_in_time = facts.answer_by is not None and now <= facts.answer_by
    return is_in_time and now < facts.starts_at.astimezone(UTC)


def is_to_book_again(facts: SessionFacts, now: datetime) -> bool:
    """Tell whether the practice has cancelled the session and asks for another time.

    A move request ends with every other cancellation.
    """
    return facts.status is Status.CANCELLED and is_asked(facts, now)
