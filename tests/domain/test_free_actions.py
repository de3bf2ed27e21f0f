"""What makes an action free: a move request that is open, and a move by the practice."""

from dataclasses import replace
from datetime import datetime

import pytest

from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.deadlines import move_window
from app.domain.policy.decide import (
    Decision,
    RefusalCode,
    Term,
    decide,
    is_allowed,
    terms,
)
from app.domain.policy.document import parse_rules
from app.domain.policy.format_moves import must_keep_format_and_location
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Policy,
    RescheduleRule,
)
from app.domain.session import Carried, SessionFacts, Status
from tests.domain.builders import MICROSECOND, at, fixed, hours_before, percent, session, usd

START = at("2026-06-10T15:00Z")
ANSWER_BY = at("2026-06-08T15:00Z")
"""Two days before the start."""
LATE = at("2026-06-10T14:00Z")
BOTH = [Action.CANCEL, Action.RESCHEDULE]
# Half the price within a day of the start, closed within two hours, one move.
STRICT = Policy(
    cancel=CancelRule(
        closes=hours_before(2),
        fees=(percent(hours_before(72), "50"),),
        late_credit=Credit.FORFEITED,
    ),
    reschedule=RescheduleRule(limit=1),
    change_format=ChangeFormatRule(closes=hours_before(2), fees=(fixed(hours_before(72), 500),)),
)
MOVED = replace(session(client_moves=1), moved_by_practice=True)
ASKED = replace(session(client_moves=1), answer_by=ANSWER_BY)
ASKED_LATE = replace(session(), answer_by=at("2026-06-10T14:30Z"))


def disabled(*actions: Action, policy: Policy = STRICT) -> Policy:
    return replace(
        policy,
        cancel=replace(policy.cancel, enabled=Action.CANCEL not in actions),
        reschedule=replace(policy.reschedule, enabled=Action.RESCHEDULE not in actions),
    )


def judged(policy: Policy, action: Action, facts: SessionFacts, now: datetime) -> Decision:
    decision = decide(policy, action, facts, now)
    assert is_allowed(policy, action, facts, now) is decision.allowed
    return decision


def code(decision: Decision) -> RefusalCode | None:
    return None if decision.refusal is None else decision.refusal.code


# A move by the practice


@pytest.mark.parametrize("action", BOTH)
def test_after_a_move_by_the_practice_an_action_is_free_up_to_the_start(action: Action) -> None:
    for now in (START - 10 * (START - LATE), LATE, START - MICROSECOND):
        decision = judged(STRICT, action, MOVED, now)
        assert decision.cost == Cost(None, None)
        assert decision.free_because is FreeBecause.PRACTICE_MOVE
        assert decision.free_until == decision.closes_at == START
    assert terms(STRICT, action, MOVED) == [Term(START, Cost(None, None))]
    started = judged(STRICT, action, MOVED, START)
    assert code(started) is RefusalCode.SESSION_STARTED
    assert started.free_because is None


def test_the_credit_of_a_session_that_the_practice_moved_is_returned() -> None:
    facts = replace(MOVED, paid_by_credit=True)
    assert judged(STRICT, Action.CANCEL, facts, LATE).cost == Cost(None, Credit.RETURNED)
    assert judged(STRICT, Action.RESCHEDULE, facts, LATE).cost == Cost(None, Credit.KEPT)


def test_a_carried_cost_is_not_charged_and_no_move_carries_one() -> None:
    facts = replace(MOVED, carried=Carried(usd(6000), forfeits_credit=False))
    for action in BOTH:
        cost = judged(STRICT, action, facts, LATE).cost
        assert cost is not None
        assert cost.is_free


def test_a_policy_can_charge_after_a_move_by_the_practice() -> None:
    policy = replace(STRICT, free_after_practice_move=False)
    decision = judged(policy, Action.CANCEL, MOVED, START - (START - LATE) * 3)
    assert decision.cost == Cost(usd(6000), None)
    assert decision.free_because is None
    assert code(judged(policy, Action.CANCEL, MOVED, LATE)) is RefusalCode.NOTICE_TOO_SHORT
    assert (
        code(judged(policy, Action.RESCHEDULE, MOVED, ANSWER_BY))
        is RefusalCode.RESCHEDULE_LIMIT_REACHED
    )


@pytest.mark.parametrize("action", BOTH)
def test_a_move_by_the_practice_does_not_lift_disabled(action: Action) -> None:
    decision = judged(disabled(action), action, MOVED, LATE)
    assert code(decision) is RefusalCode.ACTION_DISABLED
    assert decision.free_because is None
    assert decision.timeline == ()
    assert terms(disabled(action), action, MOVED) == []


def test_a_free_move_carries_nothing_where_cancelling_is_disabled() -> None:
    policy = disabled(Action.CANCEL)
    assert judged(policy, Action.RESCHEDULE, MOVED, LATE).cost == Cost(None, None)


@pytest.mark.parametrize("facts", [MOVED, ASKED])
def test_a_change_of_format_keeps_its_own_rules(facts: SessionFacts) -> None:
    decision = judged(STRICT, Action.CHANGE_FORMAT, facts, ANSWER_BY)
    assert decision.cost == Cost(usd(500), None)
    assert decision.free_because is None
    assert code(judged(STRICT, Action.CHANGE_FORMAT, facts, LATE)) is RefusalCode.NOTICE_TOO_SHORT


# A move request


@pytest.mark.parametrize("action", BOTH)
@pytest.mark.parametrize("policy", [STRICT, disabled(*BOTH)], ids=["strict", "disabled"])
def test_a_move_request_makes_an_action_free_until_the_answer_is_due(
    policy: Policy, action: Action
) -> None:
    for now in (ANSWER_BY - (START - LATE), ANSWER_BY):
        decision = judged(policy, action, ASKED, now)
        assert decision.cost == Cost(None, None)
        assert decision.free_because is FreeBecause.MOVE_REQUEST
    assert terms(policy, action, ASKED)[0] == Term(ANSWER_BY, Cost(None, None))


def test_after_the_answer_was_due_the_policy_holds_again() -> None:
    late = ANSWER_BY + MICROSECOND
    decision = judged(STRICT, Action.CANCEL, ASKED, late)
    assert decision.cost == Cost(usd(6000), None)
    assert decision.free_because is None
    assert decision.free_until == ANSWER_BY
    assert decision.closes_at == at("2026-06-10T13:00Z")
    moving = judged(STRICT, Action.RESCHEDULE, ASKED, late)
    assert code(moving) is RefusalCode.RESCHEDULE_LIMIT_REACHED
    never = judged(disabled(Action.CANCEL), Action.CANCEL, ASKED, late)
    assert code(never) is RefusalCode.ACTION_DISABLED


def test_a_move_request_opens_an_action_that_has_closed() -> None:
    decision = judged(STRICT, Action.CANCEL, ASKED_LATE, LATE)
    assert decision.cost == Cost(None, None)
    assert decision.closes_at == at("2026-06-10T14:30Z")
    late = judged(STRICT, Action.CANCEL, ASKED_LATE, at("2026-06-10T14:30Z") + MICROSECOND)
    assert code(late) is RefusalCode.NOTICE_TOO_SHORT
    assert late.refusal is not None
    assert late.refusal.deadline == at("2026-06-10T14:30Z")


def test_a_move_request_ends_at_the_start() -> None:
    asked = replace(session(), answer_by=at("2026-07-01T00:00Z"))
    assert terms(STRICT, Action.CANCEL, asked) == [Term(START, Cost(None, None))]
    assert code(judged(STRICT, Action.CANCEL, asked, START)) is RefusalCode.SESSION_STARTED


def test_a_move_request_is_named_before_a_move_by_the_practice() -> None:
    both = replace(ASKED, moved_by_practice=True)
    on_it = judged(STRICT, Action.CANCEL, both, ANSWER_BY)
    assert on_it.free_because is FreeBecause.MOVE_REQUEST
    after = judged(STRICT, Action.CANCEL, both, ANSWER_BY + MICROSECOND)
    assert after.free_because is FreeBecause.PRACTICE_MOVE
    assert terms(STRICT, Action.CANCEL, both) == [Term(START, Cost(None, None))]


def test_a_disabled_action_is_open_only_as_long_as_the_request() -> None:
    both = replace(ASKED, moved_by_practice=True)
    policy = disabled(Action.CANCEL)
    assert terms(policy, Action.CANCEL, both) == [Term(ANSWER_BY, Cost(None, None))]
    late = judged(policy, Action.CANCEL, both, ANSWER_BY + MICROSECOND)
    assert code(late) is RefusalCode.ACTION_DISABLED


def test_a_quote_is_not_needed_and_makes_nothing_dearer() -> None:
    quoted = Cost(usd(6000), None, Carried(usd(100), forfeits_credit=False))
    decision = decide(STRICT, Action.RESCHEDULE, ASKED, ANSWER_BY, quoted=quoted)
    assert decision.cost == Cost(None, None)


def test_a_session_that_the_practice_cancelled_can_be_booked_again() -> None:
    cancelled = replace(ASKED, status=Status.CANCELLED)
    decision = judged(disabled(*BOTH), Action.RESCHEDULE, cancelled, ANSWER_BY)
    assert decision.cost == Cost(None, None)
    assert decision.free_because is FreeBecause.MOVE_REQUEST
    for action, now in (
        (Action.CANCEL, ANSWER_BY),
        (Action.CHANGE_FORMAT, ANSWER_BY),
        (Action.RESCHEDULE, ANSWER_BY + MICROSECOND),
    ):
        refused = judged(STRICT, action, cancelled, now)
        assert code(refused) is RefusalCode.SESSION_NOT_BOOKED
    free_format = replace(STRICT, change_format=ChangeFormatRule())
    assert not must_keep_format_and_location(free_format, cancelled, ANSWER_BY)
    assert must_keep_format_and_location(STRICT, cancelled, ANSWER_BY)


@pytest.mark.parametrize("status", [Status.FULFILLED, Status.NOSHOW])
def test_a_finished_session_is_not_booked_again(status: Status) -> None:
    decision = judged(STRICT, Action.RESCHEDULE, replace(ASKED, status=status), ANSWER_BY)
    assert code(decision) is RefusalCode.SESSION_NOT_BOOKED


def test_a_move_that_was_asked_for_may_go_far_from_the_booked_date() -> None:
    policy = Policy(reschedule=RescheduleRule(max_days_from_original=3))
    assert move_window(policy, ASKED) is not None
    assert move_window(policy, ASKED, asked=True) is None


# Staff, and the stored document


@pytest.mark.parametrize("facts", [MOVED, ASKED_LATE])
def test_staff_charge_what_the_client_would_pay(facts: SessionFacts) -> None:
    charge = cost_for_staff(STRICT, Action.CANCEL, facts, LATE, charged=True)
    assert charge == Cost(None, None)
    missed = cost_for_staff(STRICT, Action.CANCEL, facts, START + MICROSECOND, charged=True)
    assert missed == Cost(usd(6000), None)


def test_only_null_turns_the_free_action_off() -> None:
    assert parse_rules({}).free_after_practice_move
    assert parse_rules({"free_after_practice_move": "until_start"}).free_after_practice_move
    assert not parse_rules({"free_after_practice_move": None}).free_after_practice_move
