"""What a decision depended on, so that it can be made again (docs/decisions/0046-trying.md).

A command stores its judgement in the audit log. A later reader replays it with the same policy
version, which gives what was decided then, or tries it with other rules.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import RefusalCode
from app.domain.policy.reason_costs import decide_with_reason
from app.domain.policy.reasons import ReasonEffect, effect_of
from app.domain.policy.rules import Action, Credit, Policy
from app.domain.policy.working_days import ClosedDays, freeze_deadlines
from app.domain.session import SessionFacts

# The version of the decision. Raise it if the same rules and facts give another decision than
# before, or if a decision needs a fact that older entries lack: those are then not tried any more.
ENGINE_VERSION = 1


@dataclass(frozen=True, slots=True)
class Quoted:
    """The cost that a valid quote promised, and when the quote was given."""

    cost: Cost
    given_at: datetime


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision about a command: all that it depended on, except the policy.

    `at` is the judged instant. A missed session is judged after its start, even if it was marked
    before. `target` is the start to which a move leads. `charged_by_staff`: staff have ended or
    moved the session and charged the client. `effect` is that of the client's reason.
    """

    action: Action
    facts: SessionFacts
    at: datetime
    quoted: Quoted | None = None
    target: datetime | None = None
    charged_by_staff: bool = False
    effect: ReasonEffect = ReasonEffect.USUAL


@dataclass(frozen=True, slots=True)
class Judged:
    """The cost of a command for the client. `judgement` None: no policy was asked."""

    cost: Cost
    judgement: Judgement | None = None


class Result(StrEnum):
    """What a decision means for the client, the worst first.

    `later`: the action is free, and a later cancellation costs something for it.
    """

    REFUSED = "refused"
    FORFEITED = "forfeited"
    FEE = "fee"
    LATER = "later"
    FREE = "free"


def judge_for_staff(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    at: datetime,
    *,
    charged: bool,
    target: datetime | None = None,
) -> Judged:
    """Give the cost for the client of an action by staff. Without `charged` no policy is asked."""
    cost = cost_for_staff(policy, action, facts, at, charged=charged, target=target)
    if not charged:
        return Judged(cost)
    return Judged(cost, Judgement(action, facts, at, target=target, charged_by_staff=True))


def replay(policy: Policy, judgement: Judgement) -> Cost | RefusalCode:
    """Decide again, with the recorded quote. With the policy of then, it is what was decided."""
    quoted = judgement.quoted
    return _decided(policy, judgement, None if quoted is None else quoted.cost)


def try_rules(
    policy: Policy, judgement: Judgement, closed: ClosedDays | None, reason: str | None = None
) -> Cost | RefusalCode:
    """Decide as if the session had these rules. `reason` is the code that was given, if any.

    Their deadlines in working days are calculated with the days on which the practice is `closed`;
    None: they have no such deadlines.
    A client who had a quote is given the one that these rules would have made at that time.
    """
    facts, quoted = judgement.facts, judgement.quoted
    judgement = replace(judgement, effect=effect_of(policy.reasons, reason))
    if closed is not None:
        frozen = freeze_deadlines(policy, facts.starts_at, facts.zone, closed)
        judgement = replace(judgement, facts=replace(facts, frozen_deadlines=frozen))
    if quoted is None:
        return _decided(policy, judgement, None)
    shown = _decided(policy, replace(judgement, at=quoted.given_at), None)
    return _decided(policy, judgement, shown if isinstance(shown, Cost) else None)


def result_of(decided: Cost | RefusalCode) -> Result:
    """Tell what a decision means for the client."""
    if not isinstance(decided, Cost):
        return Result.REFUSED
    if decided.credit is Credit.FORFEITED:
        return Result.FORFEITED
    if decided.fee is not None:
        return Result.FEE
    return Result.FREE if decided.carries is None else Result.LATER


def _decided(policy: Policy, judgement: Judgement, quoted: Cost | None) -> Cost | RefusalCode:
    action, facts, at = judgement.action, judgement.facts, judgement.at
    target = judgement.target
    if judgement.charged_by_staff:
        return cost_for_staff(policy, action, facts, at, charged=True, target=target)
    effect = judgement.effect
    decision = decide_with_reason(policy, action, facts, at, effect, quoted=quoted, target=target)
    if decision.refusal is not None:
        return decision.refusal.code
    assert decision.cost is not None  # noqa: S101 - it is allowed
    return decision.cost
