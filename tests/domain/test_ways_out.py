"""What a client can do now, cheapest first (product.md section 10, "Ways out")."""

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.domain.intervals import Interval
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision, FreeTargets, Refusal, RefusalCode, decide
from app.domain.policy.rules import (
    Action,
    CancelRule,
    Credit,
    ElapsedNotice,
    Policy,
    RescheduleRule,
)
from app.domain.policy.ways_out import Way, WayOut, ways_out
from app.domain.session import Carried
from tests.domain.builders import DR_WU, fixed, session

PRICE = Money(12000, "USD")
FREE = Cost(None, None)


def fee(amount: int, **values: Any) -> Cost:
    return Cost(Money(amount, "USD"), None, **values)


def allowed(action: Action, cost: Cost, **values: Any) -> Decision:
    return Decision(action, cost, (), None, **values)


def refused(action: Action) -> Decision:
    return Decision(action, None, (), Refusal(RefusalCode.ACTION_DISABLED, None, DR_WU))


def listed(*decisions: Decision, release: Cost | None = None, other: bool = True) -> list[WayOut]:
    return ways_out(decisions, PRICE, has_other_format=other, release=release)


def names(*decisions: Decision, **values: Any) -> list[Way]:
    return [one.way for one in listed(*decisions, **values)]


def test_of_the_same_cost_the_order_is_fixed() -> None:
    decisions = [allowed(action, FREE) for action in Action]
    assert names(*reversed(decisions), release=FREE) == list(Way)


def test_the_cheapest_comes_first() -> None:
    cancel, move = allowed(Action.CANCEL, fee(3000)), allowed(Action.RESCHEDULE, fee(4500))
    switch = allowed(Action.CHANGE_FORMAT, fee(100))
    assert names(move, cancel, switch) == [Way.CHANGE_FORMAT, Way.CANCEL, Way.RESCHEDULE]
    assert names(move, cancel, release=FREE) == [Way.RELEASE, Way.CANCEL, Way.RESCHEDULE]


def test_what_a_move_carries_counts_after_what_is_due_at_once() -> None:
    carried = Carried(Money(9000, "USD"), forfeits_credit=False)
    move = allowed(Action.RESCHEDULE, Cost(None, None, carried))
    assert names(allowed(Action.CANCEL, fee(1)), move) == [Way.RESCHEDULE, Way.CANCEL]
    assert names(allowed(Action.CANCEL, FREE), move) == [Way.CANCEL, Way.RESCHEDULE]


def test_a_forfeited_credit_is_worth_the_price() -> None:
    cancel = allowed(Action.CANCEL, Cost(None, Credit.FORFEITED))
    assert names(cancel, allowed(Action.RESCHEDULE, fee(11999))) == [Way.RESCHEDULE, Way.CANCEL]
    assert names(cancel, allowed(Action.RESCHEDULE, fee(12001))) == [Way.CANCEL, Way.RESCHEDULE]
    forfeit = Carried(None, forfeits_credit=True)
    move = allowed(Action.RESCHEDULE, Cost(None, Credit.KEPT, forfeit))
    less = allowed(
        Action.CHANGE_FORMAT, Cost(None, None, Carried(Money(1, "USD"), forfeits_credit=False))
    )
    assert names(move, less) == [Way.CHANGE_FORMAT, Way.RESCHEDULE]


def test_what_is_refused_is_no_way_out() -> None:
    assert listed(refused(Action.CANCEL), refused(Action.RESCHEDULE)) == []


def test_without_another_format_there_is_nothing_to_change_to() -> None:
    assert names(allowed(Action.CHANGE_FORMAT, FREE), other=False) == []


def test_a_move_to_a_free_target_is_a_way_of_its_own() -> None:
    targets = FreeTargets(Interval(0, 100), FREE)
    move = allowed(Action.RESCHEDULE, fee(4500), free_targets=targets)
    cancel = allowed(Action.CANCEL, fee(3000))
    assert listed(cancel, move) == [
        WayOut(Way.RESCHEDULE, FREE, to_free_targets=True),
        WayOut(Way.CANCEL, fee(3000)),
        WayOut(Way.RESCHEDULE, fee(4500)),
    ]


@given(minutes=st.integers(0, 20_000), paid=st.booleans(), limit=st.sampled_from([None, 0]))
def test_the_ways_are_what_the_decisions_allow(
    *, minutes: int, paid: bool, limit: int | None
) -> None:
    late = fixed(ElapsedNotice(timedelta(days=1)), 4500)
    closes = ElapsedNotice(timedelta(hours=2))
    policy = Policy(
        cancel=CancelRule(fees=(late,), closes=closes), reschedule=RescheduleRule(limit=limit)
    )
    facts = session(paid_by_credit=paid)
    now = facts.starts_at - timedelta(minutes=minutes)
    decisions = [decide(policy, action, facts, now) for action in Action]
    assert sorted(names(*decisions)) == sorted(Way(one.action) for one in decisions if one.allowed)
