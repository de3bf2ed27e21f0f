"""What makes an action free of charge, whatever its fees (product.md section 2, "Free actions")."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.policy.rules import Action, Policy
from app.domain.session import SessionFacts


class FreeBecause(StrEnum):
    """Why an action is free: the practice asks for a move, or has moved the session itself."""

    MOVE_REQUEST = "move_request"
    PRACTICE_MOVE = "practice_move"


class FreeTime(NamedTuple):
    """An action is free up to and including `until`, because of `because`."""

    because: FreeBecause
    until: datetime


def free_times(policy: Policy, action: Action, facts: SessionFacts) -> list[FreeTime]:
    """Give what makes an action free, in the order in which it is named. Nothing does at the start.

    A change of format keeps its fees: neither a move request nor a move asks for one. An absence is
    announced after all deadlines. A session that is booked again was not moved by the practice
    since its end.
    """
    found: list[FreeTime] = []
    if action not in {Action.CANCEL, Action.RESCHEDULE}:
        return found
    starts_at = facts.starts_at.astimezone(UTC)
    if facts.answer_by is not None:
        until = min(facts.answer_by.astimezone(UTC), starts_at)
        found.append(FreeTime(FreeBecause.MOVE_REQUEST, until))
    books_again = action is Action.RESCHEDULE and facts.ended is not None
    if facts.moved_by_practice and policy.free_after_practice_move and not books_again:
        found.append(FreeTime(FreeBecause.PRACTICE_MOVE, starts_at))
    return found


def free_until(policy: Policy, action: Action, facts: SessionFacts) -> datetime | None:
    """Give the last instant (UTC) at which something makes the action free; None: nothing does."""
    return max((free.until for free in free_times(policy, action, facts)), default=None)


def why_free(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime
) -> FreeBecause | None:
    """Name the first that makes the action free at `now`; None: it costs what its fees say."""
    times = free_times(policy, action, facts)
    return next((free.because for free in times if now <= free.until), None)


def is_asked(facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move request for the session is open at `now`."""
    return facts.answer_by is not None and now <= facts.answer_by
