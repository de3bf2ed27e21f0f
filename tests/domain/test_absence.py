"""Announcing that one cannot come: from when, until when, and at what cost."""

from dataclasses import replace
from datetime import datetime

import pytest

from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision, RefusalCode, decide, is_allowed, terms
from app.domain.policy.rules import Action, CancelRule, Credit, Policy
from app.domain.session import Carried, SessionFacts, Status
from tests.domain.builders import MICROSECOND, at, fixed, hours_before, percent, session, usd

START = at("2026-06-10T15:00Z")
CLOSES = at("2026-06-10T13:00Z")
LATE = at("2026-06-10T14:00Z")
# A fixed fee within a day; the whole price within half an hour.
TIERS = (fixed(hours_before(24), 4_500), percent(hours_before(0.5), "100"))
CLOSING = Policy(cancel=CancelRule(closes=hours_before(2), fees=TIERS))


def decided(policy: Policy, facts: SessionFacts, now: datetime) -> Decision:
    """Decide an absence, after checking that the other readings of the rules agree."""
    decision = decide(policy, Action.ABSENCE, facts, now)
    assert decision.allowed == is_allowed(policy, Action.ABSENCE, facts, now)
    assert list(decision.timeline) == terms(policy, Action.ABSENCE, facts)
    return decision


def refused(policy: Policy, facts: SessionFacts, now: datetime) -> RefusalCode:
    refusal = decided(policy, facts, now).refusal
    assert refusal is not None
    assert refusal.deadline is None
    return refusal.code


@pytest.mark.parametrize("now", [at("2026-06-01T00:00Z"), CLOSES])
def test_until_the_deadline_of_cancelling_one_cancels(now: datetime) -> None:
    assert decide(CLOSING, Action.CANCEL, session(), now).allowed
    assert refused(CLOSING, session(), now) is RefusalCode.CANCELLATION_OPEN


@pytest.mark.parametrize("now", [CLOSES + MICROSECOND, LATE, START - MICROSECOND])
def test_after_it_absence_is_open_until_the_start(now: datetime) -> None:
    assert not decide(CLOSING, Action.CANCEL, session(), now).allowed
    decision = decided(CLOSING, session(), now)
    assert decision.allowed
    assert decision.closes_at == START


@pytest.mark.parametrize("now", [START, START + MICROSECOND])
def test_from_the_start_on_it_is_over(now: datetime) -> None:
    assert refused(CLOSING, session(), now) is RefusalCode.SESSION_STARTED


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.FULFILLED, Status.NOSHOW])
def test_only_a_booked_session_can_be_missed(status: Status) -> None:
    assert refused(CLOSING, session(status=status), LATE) is RefusalCode.SESSION_NOT_BOOKED


def test_where_cancelling_is_disabled_there_is_none() -> None:
    policy = replace(CLOSING, cancel=replace(CLOSING.cancel, enabled=False))
    assert refused(policy, session(), LATE) is RefusalCode.ACTION_DISABLED
    assert terms(policy, Action.ABSENCE, session()) == []


def test_a_move_request_does_not_open_it_where_cancelling_is_disabled() -> None:
    policy = replace(CLOSING, cancel=replace(CLOSING.cancel, enabled=False))
    asked = replace(session(), answer_by=at("2026-06-09T15:00Z"))
    assert refused(policy, asked, LATE) is RefusalCode.ACTION_DISABLED


def test_where_cancelling_stays_open_until_the_start_there_is_none() -> None:
    policy = Policy(cancel=CancelRule(fees=TIERS))
    assert refused(policy, session(), LATE) is RefusalCode.CANCELLATION_OPEN
    assert decided(policy, session(), LATE).closes_at is None


@pytest.mark.parametrize(
    "facts",
    [
        replace(session(), moved_by_practice=True),
        replace(session(), answer_by=at("2026-06-10T14:30Z")),
    ],
)
def test_whoever_may_still_cancel_free_of_charge_does_that(facts: SessionFacts) -> None:
    assert refused(CLOSING, facts, LATE) is RefusalCode.CANCELLATION_OPEN


def test_it_opens_when_a_move_request_that_has_lifted_the_deadline_ends() -> None:
    answer_by = at("2026-06-10T14:30Z")
    facts = replace(session(), answer_by=answer_by)
    assert refused(CLOSING, facts, answer_by) is RefusalCode.CANCELLATION_OPEN
    assert decided(CLOSING, facts, answer_by + MICROSECOND).allowed


# What giving up the time costs


def test_it_costs_what_a_missed_session_costs_also_long_before_the_start() -> None:
    assert decided(CLOSING, session(), CLOSES + MICROSECOND).cost == Cost(usd(12_000), None)


def test_what_an_earlier_move_carries_is_part_of_it() -> None:
    policy = Policy(cancel=CancelRule(closes=hours_before(2), fees=TIERS[:1]))
    carried = Carried(usd(9_000), forfeits_credit=False)
    cost = decided(policy, session(carried=carried), LATE).cost
    assert cost == Cost(usd(9_000), None)


def test_a_credit_is_forfeited_as_by_a_late_cancellation() -> None:
    policy = replace(CLOSING, cancel=replace(CLOSING.cancel, late_credit=Credit.FORFEITED))
    cost = decided(policy, session(paid_by_credit=True), LATE).cost
    assert cost == Cost(None, Credit.FORFEITED)


def test_without_fees_it_is_free_until_the_start() -> None:
    policy = Policy(cancel=CancelRule(closes=hours_before(2)))
    decision = decided(policy, session(), LATE)
    assert decision.cost == Cost(None, None)
    assert decision.free_until == START


def test_a_cost_that_falls_away_if_others_take_the_time_says_so() -> None:
    policy = replace(CLOSING, cancel=replace(CLOSING.cancel, refilled=80))
    assert decided(policy, session(), LATE).forgiven_if_refilled
    assert not decided(CLOSING, session(), LATE).forgiven_if_refilled
