"""Whether a move to another time may change the format too (product.md section 10).

Source: "Moves and formats".
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.policy.costs import cost_at, cost_steps
from app.domain.policy.decide import Decision, decide, is_allowed
from app.domain.policy.free import is_to_book_again
from app.domain.policy.rebook import is_rebooking
from app.domain.policy.rules import Action, Policy
from app.domain.session import SessionFacts, Status

# A deadline is on the 366th day before the start at the earliest, which may have 25 hours: before
# this, none has passed.
_BEFORE_ALL_DEADLINES = timedelta(days=368)


def must_keep_format_and_location(policy: Policy, facts: SessionFacts, now: datetime) -> bool:
    """Tell whether a move at `now` must keep the session's format and location.

    True unless a change of format is allowed and free at `now`. Otherwise a move to another time
    and back would circumvent `change_format`. Source: product.md section 10, "Moves and formats".
    """
    facts, now = _as_moved(policy, facts, now)
    if not is_allowed(policy, Action.CHANGE_FORMAT, facts, now):
        return True
    return not cost_at(cost_steps(policy, Action.CHANGE_FORMAT, facts), now).is_free


def format_change_by_move(policy: Policy, facts: SessionFacts, now: datetime) -> Decision:
    """Decide whether a move to another time may also change the format or the location.

    This holds for seats too: a seat never changes its format where it is, but can move to a group
    with another one.
    """
    facts, now = _as_moved(policy, facts, now)
    return decide(policy, Action.CHANGE_FORMAT, facts, now)


def _as_moved(policy: Policy, facts: SessionFacts, now: datetime) -> tuple[SessionFacts, datetime]:
    """Give the facts and the instant by which a move to another time may change the format.

    A seat can move to a group with another one. A session that is booked again is judged as booked;
    by the policy's rule, at an instant before all deadlines of its former time, which no longer
    matter.
    """
    if is_rebooking(policy, facts, now):
        now = facts.starts_at.astimezone(UTC) - _BEFORE_ALL_DEADLINES
        return replace(facts, is_seat=False, status=Status.BOOKED), now
    status = Status.BOOKED if is_to_book_again(facts, now) else facts.status
    if facts.is_seat or status is not facts.status:
        facts = replace(facts, is_seat=False, status=status)
    return facts, now
