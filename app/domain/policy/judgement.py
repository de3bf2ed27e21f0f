"""What a decision depended on, so that it can be made again (docs/decisions/0046-trying.md).

A command stores its judgement in the audit log. A later reader replays it with the same policy
version, which gives what was decided then, or tries it with other rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from app.domain.policy.allowance import AllowanceLeft
from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import Decision, RefusalCode, decide
from app.domain.policy.reason_costs import decide_with_reason
from app.domain.policy.reasons import ReasonEffect, effect_of
from app.domain.policy.rules import Action, Credit, Policy
from app.domain.policy.working_days import ClosedDays, freeze_deadlines
from app.domain.session import SessionFacts

# The version of the decision. Raise it if the same rules and facts give another decision than
# before, or if a decision needs a fact that older entries lack: those are then not tried any more.
ENGINE_VERSION = 2


@dataclass(frozen=True, slots=True)
class Quoted:
    """The cost that a valid quote promised, and when the quote was given.

    `uses_allowance`: it showed that one of the client's allowance is used instead.
    """

    cost: Cost
    given_at: datetime
    uses_allowance: bool = False


@dataclass(frozen=True, slots=True)
class Judgement:
    """One decision about a command: all that it depended on, except the policy.

    `at` is the judged instant. A missed session is judged after its start, even if it was marked
    before. `target` is the start to which a move leads. `charged_by_staff`: staff have ended or
    moved the session and charged the client. `effect` is that of the client's reason.
    `keeps_allowance`: the client wished to pay, and to keep their allowance.
    """

    action: Action
    facts: SessionFacts
    at: datetime
    quoted: Quoted | None = None
    target: datetime | None = None
    charged_by_staff: bool = False
    effect: ReasonEffect = ReasonEffect.USUAL
    keeps_allowance: bool = False

    @property
    def may_use_allowance(self) -> bool:
        """Tell whether one of the allowance may be used: the client wants to, and was shown it.

        Without a quote nothing is used, or the command is refused.
        """
        return not self.keeps_allowance and (self.quoted is None or self.quoted.uses_allowance)


@dataclass(frozen=True, slots=True)
class Judged:
    """The cost of a command for the client. `judgement` None: no policy was asked.

    `used`: the command uses up one of the client's allowance; this is what was left before.
    """

    cost: Cost
    judgement: Judgement | None = None
    used: AllowanceLeft | None = None


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


def decision_about(policy: Policy, judgement: Judgement) -> Decision:
    """Decide about a client's action by what the decision depends on.

    Commands decide so, and replays of what they have recorded.
    """
    quoted = judgement.quoted
    return decide_with_reason(
        policy,
        judgement.action,
        judgement.facts,
        judgement.at,
        judgement.effect,
        quoted=None if quoted is None else quoted.cost,
        target=judgement.target,
        use_allowance=judgement.may_use_allowance,
        promised_use=quoted is not None and judgement.may_use_allowance,
    )


class Decided(NamedTuple):
    """What is decided again, and whether that uses up one of the client's allowance."""

    result: Cost | RefusalCode
    uses_allowance: bool = False


def replay(policy: Policy, judgement: Judgement) -> Decided:
    """Decide again, with the recorded quote. With the policy of then, it is what was decided."""
    return _decided(policy, judgement)


def try_rules(
    policy: Policy,
    judgement: Judgement,
    closed: ClosedDays | None,
    reason: str | None = None,
    uses: Sequence[datetime] = (),
) -> Decided:
    """Decide as if the session had these rules. `reason` is the code that was given, if any.

    Their deadlines in working days are calculated with the days on which the practice is `closed`;
    None: they have no such deadlines.
    A client who had a quote is given the one that these rules would have made at that time. `uses`
    are the instants at which these rules would have used the client's allowance before.
    """
    facts, quoted = replace(judgement.facts, allowance_uses=tuple(uses)), judgement.quoted
    judgement = replace(judgement, effect=effect_of(policy.reasons, reason))
    if closed is not None:
        frozen = freeze_deadlines(policy, facts.starts_at, facts.zone, closed)
        facts = replace(facts, frozen_deadlines=frozen)
    judgement = replace(judgement, facts=facts, quoted=None)
    if quoted is None:
        return _decided(policy, judgement)
    shown = _shown(policy, judgement, quoted.given_at)
    return _decided(policy, replace(judgement, quoted=shown))


def result_of(decided: Cost | RefusalCode) -> Result:
    """Tell what a decision means for the client."""
    if not isinstance(decided, Cost):
        return Result.REFUSED
    if decided.credit is Credit.FORFEITED:
        return Result.FORFEITED
    if decided.fee is not None:
        return Result.FEE
    return Result.FREE if decided.carries is None else Result.LATER


def _shown(policy: Policy, judgement: Judgement, given_at: datetime) -> Quoted | None:
    """Give the quote that a policy makes at an instant; None: it refuses the action then."""
    action, target = judgement.action, judgement.target
    shown = decide(policy, action, judgement.facts, given_at, target=target)
    cost = shown.cost_without_allowance
    return None if cost is None else Quoted(cost, given_at, shown.uses_allowance)


def _decided(policy: Policy, judgement: Judgement) -> Decided:
    if judgement.charged_by_staff:
        action, facts, at = judgement.action, judgement.facts, judgement.at
        target = judgement.target
        return Decided(cost_for_staff(policy, action, facts, at, charged=True, target=target))
    decision = decision_about(policy, judgement)
    if decision.refusal is not None:
        return Decided(decision.refusal.code)
    assert decision.cost is not None  # noqa: S101 - it is allowed
    return Decided(decision.cost, decision.uses_allowance)
