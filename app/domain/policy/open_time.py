"""When clients may do an action at all (product.md section 2)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from app.domain.policy.deadlines import closing_of
from app.domain.policy.free import FreeBecause, FreeTime, free_times, lifted_until
from app.domain.policy.rebook import rebook_until
from app.domain.policy.rules import Action, Policy, rule_of
from app.domain.session import SessionFacts


class OpenTime(NamedTuple):
    """Clients may do an action until `until`; an absence only `after` the option to cancel closed.

    Exactly at `until` they may, exactly at `after` not yet.
    """

    until: datetime
    after: datetime | None = None


def open_time_of(
    policy: Policy, action: Action, facts: SessionFacts, times: Sequence[FreeTime]
) -> OpenTime | None:
    """Give when clients may do an action; None: they never may. `times`: what makes it free.

    A move request and a move by the practice lift the deadline; only a move request lifts
    `enabled`. Absence is open after the option to cancel has closed, so never if that stays open
    until the start.
    """
    if action is Action.ABSENCE:
        return _open_for_absence(policy, facts)
    lifted = lifted_until(times)
    if is_enabled(policy, action, facts):
        closes_at = closing_of(policy, action, facts)
        if action is Action.RESCHEDULE:
            closes_at = rebook_until(policy, facts) or closes_at
        return OpenTime(closes_at if lifted is None else max(closes_at, lifted))
    asked = (time.until for time in times if time.because is FreeBecause.MOVE_REQUEST)
    until = next(asked, None)
    return None if until is None else OpenTime(until)


def _open_for_absence(policy: Policy, facts: SessionFacts) -> OpenTime | None:
    starts_at = facts.starts_at.astimezone(UTC)
    times = free_times(policy, Action.CANCEL, facts)
    cancelling = open_time_of(policy, Action.CANCEL, facts, times)
    if not policy.cancel.enabled or cancelling is None or cancelling.until >= starts_at:
        return None
    return OpenTime(starts_at, after=cancelling.until)


def is_enabled(policy: Policy, action: Action, facts: SessionFacts) -> bool:
    """Tell whether clients may ever do the action. A seat has the format of its group."""
    if facts.is_seat and action is Action.CHANGE_FORMAT:
        return False
    return rule_of(policy, action).enabled
