"""What an action costs with a reason of the practice's list (product.md section 10, "Reasons").

The decision and its quote are about the usual cost. The rules of a session never change, so neither
does what a code means: one quote holds for all codes.
"""

from datetime import datetime
from typing import NamedTuple

from app.domain.policy.costs import Cost, cost_when_free
from app.domain.policy.decide import Decision, decide
from app.domain.policy.free import FreeBecause
from app.domain.policy.reasons import OwnReason, ReasonEffect
from app.domain.policy.rebook import is_rebooking
from app.domain.policy.rules import Action, Policy
from app.domain.session import SessionFacts


class ReasonChoice(NamedTuple):
    """A reason that the client may give for an action, what it changes now, and the cost then."""

    reason: OwnReason
    effect: ReasonEffect
    cost: Cost


def decide_with_reason(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    effect: ReasonEffect,
    *,
    quoted: Cost | None = None,
    target: datetime | None = None,
    use_allowance: bool = True,
    promised_use: bool = False,
) -> Decision:
    """Decide as `decide` does, about an action that a client explains by a reason of this effect.

    `none` lifts the fee, the forfeit and the carried cost that the action would have. It lifts
    neither the closing deadline nor `enabled`, and the action counts towards the limit.
    """
    decision = decide(
        policy,
        action,
        facts,
        now,
        quoted=quoted,
        target=target,
        use_allowance=use_allowance,
        promised_use=promised_use,
    )
    return _with_effect(decision, policy, facts, now, effect)


def reason_choices(
    policy: Policy, decision: Decision, facts: SessionFacts, now: datetime
) -> list[ReasonChoice] | None:
    """Give the reasons that the client may choose for an action, in the practice's order.

    None: the practice has no list of its own, or the action is refused. The effect is what a reason
    changes now: `usual` if there is nothing to lift, or no fee to ask about.
    """
    if policy.reasons is None or decision.cost is None:
        return None
    choices = []
    for reason in policy.reasons:
        found = _with_effect(decision, policy, facts, now, reason.effect)
        assert found.cost is not None  # noqa: S101 - the action is allowed
        effect = ReasonEffect.USUAL
        if found is not decision:
            effect = ReasonEffect.NONE
        elif reason.effect is ReasonEffect.ASK and found.cost.fee is not None:
            effect = ReasonEffect.ASK
        choices.append(ReasonChoice(reason, effect, found.cost))
    return choices


def _with_effect(
    decision: Decision, policy: Policy, facts: SessionFacts, now: datetime, effect: ReasonEffect
) -> Decision:
    """Free the action from its cost, if it has one and the reason lifts it.

    That is the cost without the allowance: a reason comes before it, and uses none of it.

    What booking a session again carries is the cost of its end, for which no reason was given.
    """
    cost, action = decision.cost_without_allowance, decision.action
    if effect is not ReasonEffect.NONE or cost is None or cost.is_free:
        return decision
    if action is Action.RESCHEDULE and is_rebooking(policy, facts, now):
        return decision
    return decision._replace(
        cost=cost_when_free(policy, action, facts),
        free_because=FreeBecause.REASON,
        forgiven_if_refilled=False,
        free_targets=None,
        is_free_target=None,
        allowance=None,
    )
