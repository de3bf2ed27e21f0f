"""The fee of each slot on offer, where it depends on the target of a move."""

from datetime import datetime

from app.domain.intervals import Interval
from app.domain.policy.allowance import allowance_choice
from app.domain.policy.costs import cost_at, cost_steps
from app.domain.policy.rules import Action, Policy
from app.domain.policy.targets import TargetFees, free_targets
from app.domain.session import SessionFacts
from app.domain.zones import to_seconds


def target_fees(policy: Policy, facts: SessionFacts, now: datetime) -> TargetFees | None:
    """Give the fees that are due at `now`, by start; None: the policy has one fee for all targets.

    A session that is booked again costs no fee, whatever its target. A seat does not change its
    format where it is: another group at its start is a move as any other.
    """
    if policy.reschedule.free_if_within is None:
        return None
    free = free_targets(policy, Action.RESCHEDULE, facts)
    if free is None:
        return TargetFees(Interval(0, 0), None)
    moving = cost_at(cost_steps(policy, Action.RESCHEDULE, facts), now)
    choice = allowance_choice(policy, Action.RESCHEDULE, facts, now, moving, use=True)
    uses = choice is not None and choice.would_use
    if moving.fee is None:
        # No target saves a fee. A cost that the move carries is the same for all of them.
        free = Interval(0, 0)
    return TargetFees(
        free=free,
        fee=None if uses else moving.fee,
        present=None if facts.is_seat else to_seconds(facts.starts_at),
        fee_of_format=cost_at(cost_steps(policy, Action.CHANGE_FORMAT, facts), now).fee,
        uses_allowance=uses,
    )
