"""Changes that are free because their client has changed little (product.md section 10).

Source: "Allowance". It lifts what a change costs, never a deadline, a limit, or `enabled`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.policy.costs import Cost
from app.domain.policy.rules import Action, Allowance, Credit, Policy
from app.domain.session import SessionFacts
from app.domain.zones import start_of_day

# The most that an allowance can have, and so the most uses that can matter.
MOST_FREE = 50


@dataclass(frozen=True, slots=True)
class AllowanceLeft:
    """How much of an allowance is left, of how much in all.

    `renews_at` (UTC): the first instant at which one more is left, if none is used meanwhile; None:
    all of it is left.
    """

    left: int
    of: int
    renews_at: datetime | None


@dataclass(frozen=True, slots=True)
class AllowanceChoice:
    """What an action has to do with the allowance of its client.

    `would_use`: the action uses one up, and is free for that. `instead` is the cost of the action
    without it.
    """

    left: AllowanceLeft
    would_use: bool
    instead: Cost


def allowance_left(
    allowance: Allowance, uses: Sequence[datetime], zone: ZoneInfo, now: datetime
) -> AllowanceLeft:
    """Count what is left of an allowance at `now`, in a zone.

    A use that is later than `now` counts as well: it was made by a command that began later, and
    was faster.
    """
    ends = sorted(counts_until(allowance, use, zone) for use in uses)
    counted = [end for end in ends if now < end]
    left = max(allowance.free - len(counted), 0)
    if not counted:
        return AllowanceLeft(left, allowance.free, None)
    # After a stricter policy, or a use that staff have added, more than one has to end.
    renews_at = counted[max(len(counted) - allowance.free, 0)]
    return AllowanceLeft(left, allowance.free, renews_at)


def counts_until(allowance: Allowance, use: datetime, zone: ZoneInfo) -> datetime:
    """Give the first instant (UTC) at which a use no longer counts: the start of a local day.

    That is New Year's Day, or the day that is so many days after the day of the use.
    """
    used_on = use.astimezone(zone).date()
    if allowance.days is None:
        ends_on = date(used_on.year + 1, 1, 1)
    else:
        ends_on = used_on + timedelta(days=allowance.days)
    return start_of_day(ends_on, zone)


def allowance_choice(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime, cost: Cost, *, use: bool
) -> AllowanceChoice | None:
    """Tell what the allowance means for an action at this `cost`; None: it does not matter.

    That is so if the policy has none for the action, or the allowance would lift nothing. Without
    `use` the client pays, and keeps the allowance. Booking again after the end has no fee of its
    own, so no allowance lifts it.
    """
    allowance = policy.allowance
    if allowance is None or lifted(allowance, action, cost) == cost:
        return None
    if action is Action.RESCHEDULE and facts.ended is not None:
        return None
    left = allowance_left(allowance, facts.allowance_uses, facts.zone, now)
    return AllowanceChoice(left, use and left.left > 0, cost)


def lifted(allowance: Allowance, action: Action, cost: Cost) -> Cost:
    """Give the cost of an action that uses up one of the allowance.

    A move carries nothing if the same use would have made a cancellation free. Otherwise only its
    fee is lifted, as if it was paid.
    """
    if (Action.CANCEL if action is Action.ABSENCE else action) not in allowance.actions:
        return cost
    is_lost = cost.credit is Credit.FORFEITED
    carries = None if Action.CANCEL in allowance.actions else cost.carries
    return Cost(None, Credit.RETURNED if is_lost else cost.credit, carries)


def with_uses(facts: SessionFacts, now: datetime, more: int) -> SessionFacts:
    """Give the facts after so many more uses, which the same command makes for other sessions."""
    if more == 0:
        return facts
    return replace(facts, allowance_uses=(*facts.allowance_uses, *(now,) * more))
