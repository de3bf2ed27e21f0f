"""Properties of the practice's own reasons, for any policy, session, instant and quote."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.policy.costs import Cost
from app.domain.policy.decide import decide
from app.domain.policy.free import FreeBecause
from app.domain.policy.judgement import Judgement, Quoted, replay, try_rules
from app.domain.policy.reason_costs import decide_with_reason, reason_choices
from app.domain.policy.reasons import OwnReason, ReasonEffect, with_other
from app.domain.policy.rules import Action, Credit, Policy
from app.domain.session import SessionFacts
from tests.domain.test_properties import (
    ACTIONS,
    NOTICES,
    TARGETS,
    booked_sessions,
    costs,
    minor,
    policies_with_limits,
    worth,
)
from tests.examples import at_most

EFFECTS = st.sampled_from(ReasonEffect)
CODES = st.sampled_from(["a", "b", "other"])
LISTS = st.dictionaries(CODES, EFFECTS, min_size=1).map(
    lambda found: with_other(
        OwnReason(code, (("en", code),), effect) for code, effect in found.items()
    )
)


@at_most(200)
@given(
    policies_with_limits(),
    ACTIONS,
    booked_sessions(),
    NOTICES,
    EFFECTS,
    st.none() | costs(),
    st.none() | TARGETS,
)
def test_a_reason_never_makes_a_decision_dearer_and_opens_and_closes_nothing(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    notice: timedelta,
    effect: ReasonEffect,
    quoted: Cost | None,
    away: timedelta | None,
) -> None:
    now = facts.starts_at - notice
    target = None if away is None else facts.starts_at + away
    usual = decide(policy, action, facts, now, quoted=quoted, target=target)
    found = decide_with_reason(policy, action, facts, now, effect, quoted=quoted, target=target)
    assert (found.refusal, found.timeline) == (usual.refusal, usual.timeline)
    if usual.cost is None or found.cost is None:
        assert found == usual
        return
    assert minor(found.cost.fee) <= minor(usual.cost.fee)
    assert worth(found.cost, facts) <= worth(usual.cost, facts)
    assert found.cost.credit is not Credit.FORFEITED or usual.cost.credit is Credit.FORFEITED
    if quoted is not None:
        assert minor(found.cost.fee) <= minor(quoted.fee)
    if effect is ReasonEffect.NONE:
        assert found.cost.is_free
    else:
        assert found == usual
    assert (found.free_because is FreeBecause.REASON) is (found != usual)


@at_most(100)
@given(policies_with_limits(), LISTS, ACTIONS, booked_sessions(), NOTICES)
def test_what_is_shown_for_a_code_is_what_a_command_with_it_costs(
    policy: Policy,
    listed: tuple[OwnReason, ...],
    action: Action,
    facts: SessionFacts,
    notice: timedelta,
) -> None:
    policy, now = replace(policy, reasons=listed), facts.starts_at - notice
    decision = decide(policy, action, facts, now)
    shown = reason_choices(policy, decision, facts, now)
    assert (shown is None) is (decision.cost is None)
    for one in shown or ():
        effect = one.reason.effect
        assert one.cost == decide_with_reason(policy, action, facts, now, effect).cost


@at_most(100)
@given(policies_with_limits(), LISTS, CODES, ACTIONS, booked_sessions(), NOTICES, NOTICES)
def test_the_policy_in_force_tried_gives_what_was_decided(
    policy: Policy,
    listed: tuple[OwnReason, ...],
    code: str,
    action: Action,
    facts: SessionFacts,
    one: timedelta,
    other: timedelta,
) -> None:
    policy = replace(policy, reasons=listed)
    given_at, now = facts.starts_at - max(one, other), facts.starts_at - min(one, other)
    shown = decide(policy, action, facts, given_at).cost
    effect = next((each.effect for each in listed if each.code == code), ReasonEffect.USUAL)
    decision = decide_with_reason(policy, action, facts, now, effect, quoted=shown)
    if decision.cost is None:
        return
    quoted = None if shown is None else Quoted(shown, given_at)
    judgement = Judgement(action, facts, now, quoted, effect=effect)
    assert replay(policy, judgement).result == decision.cost
    assert try_rules(policy, judgement, None, code).result == decision.cost
