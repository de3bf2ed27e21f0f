"""The targets to which a move costs no fee (product.md section 10, "Free targets").

Only the fee depends on the target. A move to a free target still counts towards the limit, carries
the cost of a cancellation, and is refused after its deadline.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.policy.rules import Action, Policy, WithinDays
from app.domain.session import SessionFacts
from app.domain.zones import from_seconds, start_of_day, to_seconds


class TargetFees(NamedTuple):
    """What an action costs at one instant, by the start to which it leads; starts in seconds.

    `free` are the starts that save a fee, and `fee` is that of moves to all others. What leads to
    the `present` start is a change of format, which has a fee of its own. `uses_allowance`: moves
    to all others use up one of the client's allowance, and so have no fee either.
    """

    free: Interval
    fee: Money | None
    present: int | None = None
    fee_of_format: Money | None = None
    uses_allowance: bool = False

    def uses_allowance_at(self, start: int) -> bool:
        """Tell whether the action that leads to this start uses up one of the allowance."""
        is_other = start != self.present and not self.free.start <= start < self.free.end
        return self.uses_allowance and is_other

    def fee_at(self, start: int) -> Money | None:
        """Give the fee of the action that leads to this start."""
        if start == self.present:
            return self.fee_of_format
        return None if self.free.start <= start < self.free.end else self.fee


def free_targets(policy: Policy, action: Action, facts: SessionFacts) -> Interval | None:
    """Give the starts to which a move costs no fee, in seconds since the epoch; None: no rule.

    The days, and the ISO week, are those of dates in the practitioner's zone, and count from the
    booked start. Booking again after the end has no fee for any target.
    """
    rule = policy.reschedule.free_if_within
    if rule is None or action is not Action.RESCHEDULE or facts.ended is not None:
        return None
    booked_on = facts.booked_starts_at.astimezone(facts.zone).date()
    if isinstance(rule, WithinDays):
        first = booked_on - timedelta(days=rule.days)
        last = booked_on + timedelta(days=rule.days)
    else:
        first = booked_on - timedelta(days=booked_on.isoweekday() - 1)
        last = first + timedelta(days=6)
    return Interval(
        to_seconds(start_of_day(first, facts.zone)),
        to_seconds(start_of_day(last + timedelta(days=1), facts.zone)),
    )


def is_free_target(policy: Policy, facts: SessionFacts, target: datetime | None) -> bool:
    """Tell whether a move to this start costs no fee because of where it leads."""
    free = free_targets(policy, Action.RESCHEDULE, facts)
    if free is None or target is None:
        return False
    return from_seconds(free.start) <= target < from_seconds(free.end)
