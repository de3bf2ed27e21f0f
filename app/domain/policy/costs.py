"""The cost of an action over time: fee, credit, and the carried cost of a move.

Source: product.md section 2, and section 10, "Carried cost".
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from app.domain.money import Money, minor_of
from app.domain.policy.deadlines import closing_of, instant_of
from app.domain.policy.free import free_times, free_until
from app.domain.policy.rebook import (
    carried_by_rebooking,
    is_rebooking,
    may_be_booked_again,
    rebook_until,
)
from app.domain.policy.rules import Action, Credit, PercentFee, Policy, Tier, tiers_of
from app.domain.policy.targets import is_free_target
from app.domain.session import Carried, SessionFacts


class Cost(NamedTuple):
    """The cost of an action for a client: a fee if any, and what happens to a package credit.

    `credit` None: no credit pays for the session. `carries` is the minimum cost of a cancellation
    after a move; None for other actions.
    """

    fee: Money | None
    credit: Credit | None
    carries: Carried | None = None

    @property
    def is_free(self) -> bool:
        """Tell whether the action costs nothing, now or at a later cancellation."""
        return self.fee is None and self.credit is not Credit.FORFEITED and self.carries is None


class Promised(NamedTuple):
    """The costs that a quote promises, of which None is not covered.

    `free` is that of moves to free targets (app/domain/policy/targets.py), `other` that of moves to
    other targets. They are the same where the cost does not depend on a target. Both are what the
    client pays without their allowance; `uses_allowance`: they were shown that one is used instead.
    """

    other: Cost | None
    free: Cost | None
    uses_allowance: bool = False

    def cost_of(self, *, to_free_target: bool) -> Cost | None:
        """Give the promised cost of an action with such a target."""
        return self.free if to_free_target else self.other

    def uses_allowance_for(self, *, to_free_target: bool) -> bool:
        """Tell whether one of the allowance was shown to be used for such a target.

        It is not used for a target that saves a fee.
        """
        saves_fee = to_free_target and self.other is not None and self.other != self.free
        return self.uses_allowance and not saves_fee


class CostStep(NamedTuple):
    """The cost of an action after `passed_at` (exclusive), until the next step."""

    passed_at: datetime
    cost: Cost


_ALWAYS = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


def cost_for_staff(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    *,
    charged: bool,
    target: datetime | None = None,
) -> Cost:
    """Give the cost for the client of an action by staff.

    With `charged` it is the policy's cost at `now`, including the carried cost of the client's
    earlier moves, and nothing while the action is free for the client (app/domain/policy/free.py),
    or if it is a move to a free `target`; `enabled`, limits and closing deadlines do not apply.
    Otherwise it is free, and a credit is returned. A move by staff carries no cost. Source:
    product.md section 2, "Rules bind clients".
    """
    is_free = action is Action.RESCHEDULE and is_free_target(policy, facts, target)
    if charged and not is_free:
        return cost_at(_freed(_fee_steps(policy, action, facts), policy, action, facts), now)
    return Cost(None, _credit(policy, action, facts, late=False))


def cost_steps(
    policy: Policy, action: Action, facts: SessionFacts, *, to_free_target: bool = False
) -> list[CostStep]:
    """Give the costs of an action in time order; those of a move include the carried cost.

    An absence costs what a missed session does. Booking a session again has no fee of its own. A
    move `to_free_target` has none either, and carries all the more.
    """
    if action is Action.ABSENCE:
        return [CostStep(_ALWAYS, _fee_steps(policy, Action.CANCEL, facts)[-1].cost)]
    if action is Action.RESCHEDULE and rebook_until(policy, facts) is not None:
        steps = [CostStep(_ALWAYS, _cost_of_rebooking(policy, facts))]
        return _freed(steps, policy, action, facts)
    steps = _fee_steps(policy, action, facts)
    if action is Action.RESCHEDULE:
        steps = steps[:1] if to_free_target else steps
        cancelling = _cancellation_steps(policy, facts)
        steps = _steps_with_carried_cost(steps, cancelling, facts.price)
    return _freed(steps, policy, action, facts)


def cost_at(steps: list[CostStep], now: datetime) -> Cost:
    """Give the cost at `now`. The exact instant of a deadline is still in time.

    The last tier that has passed applies; it is the one closest to the start.
    """
    return next(step.cost for step in reversed(steps) if step.passed_at < now)


def cost_when_free(policy: Policy, action: Action, facts: SessionFacts) -> Cost:
    """Give the cost of an action that is free. An absence ends the session as a cancellation."""
    ends = Action.CANCEL if action is Action.ABSENCE else action
    return Cost(None, _credit(policy, ends, facts, late=False))


def apply_quote(
    policy: Policy, facts: SessionFacts, now: datetime, quoted: Cost, due: Cost
) -> Cost:
    """Combine a quoted cost with the cost now due: the better for the client of each part.

    The parts are fee, credit and carried cost. The carried cost that is due depends on the fee
    that is finally charged.
    """
    fee = _lower(quoted.fee, due.fee)
    credit = quoted.credit if due.credit is Credit.FORFEITED else due.credit
    if quoted.carries is None:  # no carried cost was quoted, or the action is not a move
        return Cost(fee, credit)
    if is_rebooking(policy, facts, now):
        return Cost(fee, credit, _better_carried(quoted.carries, due.carries))
    cancelling = cost_at(_cancellation_steps(policy, facts), now)
    carries = _better_carried(quoted.carries, _carried(cancelling, fee, facts.price))
    return Cost(fee, credit, carries)


def _fee_steps(policy: Policy, action: Action, facts: SessionFacts) -> list[CostStep]:
    """Give the fee tiers in time order, after a first step that is free.

    Of two tiers at the same instant the cheaper comes last, so it applies. A cancellation costs at
    least the carried cost; what was paid for an earlier end is deducted from its tiers.
    """
    paid = facts.paid_before if action is Action.CANCEL else None
    tiers = [
        (instant_of(tier.deadline, facts), _fee(tier, facts.price, paid))
        for tier in tiers_of(policy, action)
    ]
    tiers.sort(key=lambda passed: (passed[0], -passed[1].amount_minor))
    credit = _credit(policy, action, facts, late=True)
    is_charged = credit is not Credit.FORFEITED
    steps = [
        CostStep(_ALWAYS, Cost(None, _credit(policy, action, facts, late=False))),
        *(
            CostStep(passed_at, Cost(fee if is_charged and fee.amount_minor > 0 else None, credit))
            for passed_at, fee in tiers
        ),
    ]
    carried = facts.carried
    if action is not Action.CANCEL or carried is None:
        return steps
    return [CostStep(passed_at, _higher_cost(cost, carried)) for passed_at, cost in steps]


def _freed(
    steps: list[CostStep], policy: Policy, action: Action, facts: SessionFacts
) -> list[CostStep]:
    """Replace the steps by a free one for as long as something makes the action free."""
    until = free_until(free_times(policy, action, facts))
    if until is None:
        return steps
    return [
        CostStep(_ALWAYS, Cost(None, _credit(policy, action, facts, late=False))),
        CostStep(until, cost_at(steps, until + _TICK)),
        *(step for step in steps if step.passed_at > until),
    ]


def _credit(policy: Policy, action: Action, facts: SessionFacts, *, late: bool) -> Credit | None:
    if action is Action.RESCHEDULE and may_be_booked_again(policy, facts):
        return _credit_of_rebooking(policy, facts)
    if not facts.paid_by_credit:
        return None
    if action is not Action.CANCEL:
        return Credit.KEPT
    return policy.cancel.late_credit if late else Credit.RETURNED


def _credit_of_rebooking(policy: Policy, facts: SessionFacts) -> Credit | None:
    """Tell which credit pays for a session that is booked again; None: none has paid for it.

    A forfeited credit pays again if the policy credits the cost of the end.
    """
    if not (facts.paid_by_credit or facts.has_paid_by_credit):
        return None
    carried = carried_by_rebooking(policy, facts)
    return Credit.KEPT if carried is not None and carried.forfeits_credit else Credit.REDEEMED


def _cost_of_rebooking(policy: Policy, facts: SessionFacts) -> Cost:
    credit = _credit_of_rebooking(policy, facts)
    return Cost(None, credit, carried_by_rebooking(policy, facts))


def _fee(tier: Tier, price: Money, paid: Money | None) -> Money:
    """Give the fee of a tier, less what was paid already."""
    if isinstance(tier.fee, PercentFee):
        fee = price.percent(tier.fee.percent)
    else:
        fee = Money(tier.fee.amount_minor, price.currency)
    return fee if paid is None else replace(fee, amount_minor=fee.amount_minor - paid.amount_minor)


def _higher_cost(cost: Cost, carried: Carried) -> Cost:
    """Give the higher of two costs of a cancellation. A forfeited credit replaces the fee."""
    if cost.credit is Credit.FORFEITED or (carried.forfeits_credit and cost.credit is not None):
        return Cost(None, Credit.FORFEITED)
    fees = [fee for fee in (cost.fee, carried.fee) if fee is not None]
    return Cost(max(fees, key=lambda fee: fee.amount_minor, default=None), cost.credit)


def _cancellation_steps(policy: Policy, facts: SessionFacts) -> list[CostStep]:
    """Give the costs of cancelling the booked time, in time order, also when it is refused.

    While cancelling is disabled or closed, the cost is that after the start, when all tiers have
    passed.
    """
    steps = _fee_steps(policy, Action.CANCEL, facts)
    if not policy.cancel.enabled:
        return [CostStep(_ALWAYS, steps[-1].cost)]
    closes_at = closing_of(policy, Action.CANCEL, facts)
    in_time = [step for step in steps if step.passed_at < closes_at]
    return [*in_time, CostStep(closes_at, steps[-1].cost)]


def _steps_with_carried_cost(
    moving: list[CostStep], cancelling: list[CostStep], price: Money
) -> list[CostStep]:
    """Add the carried cost to the steps of a move. Both costs change at their own instants."""
    if all(step.cost.is_free for step in cancelling):
        return moving
    steps: list[CostStep] = []
    for passed_at in sorted({step.passed_at for step in (*moving, *cancelling)}):
        cost = cost_at(moving, passed_at + _TICK)
        carries = _carried(cost_at(cancelling, passed_at + _TICK), cost.fee, price)
        steps.append(CostStep(passed_at, Cost(cost.fee, cost.credit, carries)))
    return steps


def _carried(cancelling: Cost, charged: Money | None, price: Money) -> Carried | None:
    """Give the carried cost of a move: the cost of cancelling the old time, minus the move's fee.

    A credit is worth the session's price. A move that charges at least that price carries no
    forfeited credit; a move that charges less carries it. Source: product.md section 10, "Carried
    cost".
    """
    paid = minor_of(charged)
    if cancelling.credit is Credit.FORFEITED:
        is_paid = charged is not None and paid >= price.amount_minor
        return None if is_paid else Carried(fee=None, forfeits_credit=True)
    left = minor_of(cancelling.fee) - paid
    return Carried(Money(left, price.currency), forfeits_credit=False) if left > 0 else None


def _better_carried(quoted: Carried, due: Carried | None) -> Carried | None:
    """Take carried fee and forfeit one by one, each the better for the client."""
    if due is None:
        return None
    fee = _lower(quoted.fee, due.fee)
    forfeits = quoted.forfeits_credit and due.forfeits_credit
    return None if fee is None and not forfeits else Carried(fee, forfeits)


def _lower(one: Money | None, other: Money | None) -> Money | None:
    if one is None or other is None:
        return None
    return min(one, other, key=lambda fee: fee.amount_minor)
