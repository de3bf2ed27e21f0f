"""A late move carries the cost of cancelling (product.md section 10, "Carried cost")."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import Money
from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import RefusalCode, Term, decide, terms
from app.domain.policy.format_moves import must_keep_format_and_location
from app.domain.policy.rules import (
    UNTIL_THE_START,
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Policy,
    RescheduleRule,
    Tier,
)
from app.domain.session import Carried, SessionFacts
from tests.domain.builders import MICROSECOND, at, fixed, hours_before, percent, session, usd
from tests.examples import at_most

START = at("2026-06-10T15:00Z")
LATE = START - timedelta(hours=3)
EARLY = START - timedelta(days=5)
HALF = percent(hours_before(24), "50")
FREE_MOVES = RescheduleRule(closes=UNTIL_THE_START, fees=())
FORFEIT = Carried(fee=None, forfeits_credit=True)


def a_fee(amount_minor: int) -> Carried:
    return Carried(usd(amount_minor), forfeits_credit=False)


def carried_by_a_move(policy: Policy, facts: SessionFacts, now: datetime) -> Carried | None:
    cost = decide(policy, Action.RESCHEDULE, facts, now).cost
    assert cost is not None
    return cost.carries


def cancelling(
    policy: Policy, facts: SessionFacts, now: datetime, *, quoted: Cost | None = None
) -> Cost:
    cost = decide(policy, Action.CANCEL, facts, now, quoted=quoted).cost
    assert cost is not None
    return cost


# What a move carries


@pytest.mark.parametrize(
    ("reschedule", "now", "carries"),
    [
        pytest.param(FREE_MOVES, LATE, a_fee(6_000), id="all-of-it"),
        pytest.param(
            RescheduleRule(fees=(fixed(hours_before(24), 1_000),)),
            LATE,
            a_fee(5_000),
            id="the-rest",
        ),
        pytest.param(RescheduleRule(), LATE, None, id="charged-as-for-cancelling"),
        pytest.param(
            RescheduleRule(fees=(fixed(hours_before(24), 9_000),)), LATE, None, id="charged-more"
        ),
        pytest.param(FREE_MOVES, EARLY, None, id="in-time"),
        pytest.param(FREE_MOVES, START - timedelta(hours=24), None, id="exactly-in-time"),
    ],
)
def test_a_move_carries_the_cost_of_cancelling_less_its_own_fee(
    reschedule: RescheduleRule, now: datetime, carries: Carried | None
) -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)), reschedule=reschedule)
    assert carried_by_a_move(policy, session(), now) == carries


@pytest.mark.parametrize(
    "cancel",
    [
        pytest.param(CancelRule(closes=hours_before(24)), id="closed"),
        pytest.param(CancelRule(enabled=False), id="disabled"),
    ],
)
def test_if_cancelling_is_refused_a_move_carries_the_cost_after_the_start(
    cancel: CancelRule,
) -> None:
    fees = (fixed(hours_before(48), 1_000), percent(UNTIL_THE_START, "100"))
    policy = Policy(cancel=replace(cancel, fees=fees), reschedule=FREE_MOVES)
    assert carried_by_a_move(policy, session(), LATE) == a_fee(12_000)
    free_of_charge = Policy(cancel=cancel, reschedule=FREE_MOVES)
    assert carried_by_a_move(free_of_charge, session(), LATE) is None


@pytest.mark.parametrize(
    ("fees", "carries"),
    [
        pytest.param((), FORFEIT, id="free"),
        pytest.param((fixed(hours_before(24), 11_999),), FORFEIT, id="less-than-its-worth"),
        pytest.param((percent(hours_before(24), "100"),), None, id="as-much-as-its-worth"),
    ],
)
def test_a_late_move_keeps_the_credit_and_carries_the_forfeit(
    fees: tuple[Tier, ...], carries: Carried | None
) -> None:
    policy = Policy(
        cancel=CancelRule(fees=(HALF,), late_credit=Credit.FORFEITED),
        reschedule=RescheduleRule(fees=fees),
    )
    facts = session(paid_by_credit=True)
    cost = decide(policy, Action.RESCHEDULE, facts, LATE).cost
    assert cost is not None
    assert (cost.credit, cost.carries) == (Credit.KEPT, carries)
    assert carried_by_a_move(policy, facts, EARLY) is None


def test_a_further_move_carries_the_higher_cost_less_its_own_fee() -> None:
    moving = RescheduleRule(fees=(fixed(hours_before(24), 1_000),))
    policy = Policy(cancel=CancelRule(fees=(HALF,)), reschedule=moving)
    assert carried_by_a_move(policy, session(carried=a_fee(9_000)), EARLY) == a_fee(9_000)
    assert carried_by_a_move(policy, session(carried=a_fee(9_000)), LATE) == a_fee(8_000)
    assert carried_by_a_move(policy, session(carried=a_fee(2_000)), LATE) == a_fee(5_000)


def test_neither_cancelling_nor_a_change_of_format_carries_anything() -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)), change_format=ChangeFormatRule(fees=(HALF,)))
    for action in (Action.CANCEL, Action.CHANGE_FORMAT):
        cost = decide(policy, action, session(carried=a_fee(100)), LATE).cost
        assert cost is not None
        assert cost.carries is None


# What a carried cost changes


@pytest.mark.parametrize(
    ("carried", "now", "fee"),
    [
        pytest.param(a_fee(9_000), EARLY, 9_000, id="carried-in-time"),
        pytest.param(a_fee(9_000), LATE, 9_000, id="carried-is-dearer"),
        pytest.param(a_fee(100), LATE, 6_000, id="due-is-dearer"),
    ],
)
def test_cancelling_costs_the_larger_of_the_carried_and_the_due_cost_not_both(
    carried: Carried, now: datetime, fee: int
) -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)))
    facts = session(carried=carried)
    assert cancelling(policy, facts, now) == Cost(usd(fee), None)
    assert cost_for_staff(policy, Action.CANCEL, facts, now, charged=True) == Cost(usd(fee), None)
    assert cost_for_staff(policy, Action.CANCEL, facts, now, charged=False) == Cost(None, None)


@pytest.mark.parametrize("charged", [False, True])
def test_a_move_by_staff_carries_nothing(charged: bool) -> None:  # noqa: FBT001
    policy = Policy(cancel=CancelRule(fees=(HALF,)), reschedule=FREE_MOVES)
    assert carried_by_a_move(policy, session(), LATE) == a_fee(6_000)
    cost = cost_for_staff(policy, Action.RESCHEDULE, session(), LATE, charged=charged)
    assert cost == Cost(None, None)


def test_a_carried_forfeit_replaces_the_fee() -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,), late_credit=Credit.FORFEITED))
    facts = session(paid_by_credit=True, carried=FORFEIT)
    assert cancelling(policy, facts, EARLY) == Cost(None, Credit.FORFEITED)
    assert decide(policy, Action.CANCEL, facts, EARLY).free_until is None


def test_the_terms_of_cancelling_have_no_free_period() -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)))
    facts = session(carried=a_fee(2_000))
    assert terms(policy, Action.CANCEL, facts) == [
        Term(START - timedelta(hours=24), Cost(usd(2_000), None)),
        Term(START, Cost(usd(6_000), None)),
    ]
    assert decide(policy, Action.CANCEL, facts, EARLY).free_until is None


def test_the_terms_of_rescheduling_show_what_a_move_carries_until_when() -> None:
    fees = (HALF, percent(UNTIL_THE_START, "100"))
    policy = Policy(
        cancel=CancelRule(closes=hours_before(2), fees=fees),
        reschedule=RescheduleRule(closes=UNTIL_THE_START, fees=(fixed(hours_before(6), 500),)),
    )
    assert terms(policy, Action.RESCHEDULE, session()) == [
        Term(START - timedelta(hours=24), Cost(None, None)),
        Term(START - timedelta(hours=6), Cost(None, None, a_fee(6_000))),
        Term(START - timedelta(hours=2), Cost(usd(500), None, a_fee(5_500))),
        Term(START, Cost(usd(500), None, a_fee(11_500))),
    ]
    decision = decide(policy, Action.RESCHEDULE, session(), LATE)
    assert decision.free_until == START - timedelta(hours=24)


# What the quote showed


def test_a_move_that_carries_something_is_not_free() -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)), reschedule=FREE_MOVES)
    late = decide(policy, Action.RESCHEDULE, session(), LATE).cost
    in_time = decide(policy, Action.RESCHEDULE, session(), EARLY).cost
    assert late is not None
    assert in_time is not None
    assert (late.is_free, in_time.is_free) == (False, True)


@pytest.mark.parametrize(
    ("shown", "carries"),
    [
        pytest.param(Cost(None, None), None, id="nothing"),
        pytest.param(Cost(None, None, a_fee(700)), a_fee(700), id="less"),
        pytest.param(Cost(None, None, a_fee(9_000)), a_fee(6_000), id="more-than-is-due"),
    ],
)
def test_no_move_carries_more_than_its_quote_showed(shown: Cost, carries: Carried | None) -> None:
    policy = Policy(cancel=CancelRule(fees=(HALF,)), reschedule=FREE_MOVES)
    cost = decide(policy, Action.RESCHEDULE, session(), LATE, quoted=shown).cost
    assert cost == Cost(None, None, carries)


def test_a_move_whose_fee_a_quote_lowers_carries_more() -> None:
    policy = Policy(
        cancel=CancelRule(fees=(HALF,)),
        reschedule=RescheduleRule(fees=(fixed(hours_before(4), 6_000),)),
    )
    shown = decide(policy, Action.RESCHEDULE, session(), START - timedelta(hours=4)).cost
    assert shown == Cost(None, None, a_fee(6_000))
    assert decide(policy, Action.RESCHEDULE, session(), LATE, quoted=shown).cost == shown


# What a move inherits and keeps


@pytest.mark.parametrize(
    ("closes", "is_late"),
    [
        pytest.param(None, True, id="that-of-cancel"),
        pytest.param(UNTIL_THE_START, False, id="open-until-the-start"),
        pytest.param(hours_before(2), False, id="its-own"),
    ],
)
def test_a_move_has_the_deadline_of_cancelling_unless_it_has_its_own(
    closes: object, *, is_late: bool
) -> None:
    policy = Policy(
        cancel=CancelRule(closes=hours_before(24)),
        reschedule=RescheduleRule(closes=closes),  # type: ignore[arg-type]
    )
    refusal = decide(policy, Action.RESCHEDULE, session(), LATE).refusal
    assert (refusal is not None and refusal.code is RefusalCode.NOTICE_TOO_SHORT) is is_late


def test_a_move_stays_enabled_if_cancelling_is_disabled() -> None:
    policy = Policy(cancel=CancelRule(enabled=False))
    assert decide(policy, Action.RESCHEDULE, session(), LATE).allowed


@pytest.mark.parametrize(
    ("rule", "keeps"),
    [
        pytest.param(ChangeFormatRule(), False, id="free"),
        pytest.param(ChangeFormatRule(enabled=False), True, id="disabled"),
        pytest.param(ChangeFormatRule(closes=hours_before(24)), True, id="closed"),
        pytest.param(ChangeFormatRule(closes=hours_before(2)), False, id="still-open"),
        pytest.param(ChangeFormatRule(fees=(HALF,)), True, id="for-a-fee"),
        pytest.param(ChangeFormatRule(fees=(fixed(hours_before(2), 100),)), False, id="still-free"),
    ],
)
def test_a_move_keeps_the_location_unless_changing_it_is_allowed_and_free(
    rule: ChangeFormatRule, *, keeps: bool
) -> None:
    assert must_keep_format_and_location(Policy(change_format=rule), session(), LATE) is keeps


# No sequence of a client's actions costs less than its most expensive necessary step


@dataclass(frozen=True)
class Step:
    """A move to a start `notice` away, made after `share` of the remaining time has passed."""

    share: float
    notice: timedelta


def tiers() -> st.SearchStrategy[tuple[Tier, ...]]:
    deadlines = st.integers(0, 96).map(hours_before)
    amounts = st.sampled_from([0, 1, 4_500, 6_000, 20_000])
    tier = st.builds(fixed, deadlines, amounts) | st.builds(
        percent, deadlines, st.sampled_from(["0", "37.5", "100"])
    )
    return st.lists(tier, max_size=3).map(tuple)


CLOSES = st.none() | st.integers(0, 48).map(hours_before)
POLICIES = st.builds(
    Policy,
    cancel=st.builds(
        CancelRule,
        enabled=st.sampled_from([True, True, True, False]),
        closes=CLOSES,
        fees=tiers(),
        late_credit=st.sampled_from([Credit.RETURNED, Credit.FORFEITED]),
    ),
    reschedule=st.builds(RescheduleRule, closes=CLOSES, fees=st.none() | tiers()),
)
STEPS = st.lists(
    st.builds(
        Step,
        share=st.floats(0, 0.999),
        notice=st.timedeltas(timedelta(hours=1), timedelta(days=20)),
    ),
    min_size=1,
    max_size=5,
)


def minor(money: Money | None) -> int:
    return 0 if money is None else money.amount_minor


def worth(cost: Cost, price: Money) -> int:
    """Return the value of a cost in money: a credit is worth the session's price."""
    return minor(cost.fee) + (price.amount_minor if cost.credit is Credit.FORFEITED else 0)


def giving_up(policy: Policy, facts: SessionFacts, now: datetime) -> int:
    """Return the cost of cancelling now by the policy alone; if refused, that after the start."""
    plain = replace(facts, carried=None)
    cost = decide(policy, Action.CANCEL, plain, now).cost
    if cost is None:
        after = facts.starts_at + MICROSECOND
        cost = cost_for_staff(policy, Action.CANCEL, plain, after, charged=True)
    return worth(cost, facts.price)


@at_most(400)
@given(
    POLICIES, STEPS, st.builds(session, price=st.integers(1, 30_000), paid_by_credit=st.booleans())
)
def test_no_sequence_of_moves_makes_cancelling_cheaper_than_at_any_of_them(
    policy: Policy, steps: list[Step], facts: SessionFacts
) -> None:
    """The cost at each move is compared with everything that was paid from that move to the end."""
    now = EARLY
    dearest: list[int] = []
    charged: list[int] = []
    for step in steps:
        now += (facts.starts_at - now) * step.share
        cost = decide(policy, Action.RESCHEDULE, facts, now).cost
        if cost is None:
            continue
        dearest.append(giving_up(policy, facts, now))
        charged.append(minor(cost.fee))
        facts = replace(facts, starts_at=now + step.notice, carried=cost.carries)
    end, due = (
        worth(cost_for_staff(policy, Action.CANCEL, at_the_end, now, charged=True), facts.price)
        for at_the_end in (facts, replace(facts, carried=None))
    )
    for number, least in enumerate(dearest):
        assert sum(charged[number:]) + end >= least
    # Nothing is charged twice: the end costs no more than the most expensive point on the way.
    assert end <= max([*dearest, due])


def test_a_quote_carries_nothing_if_nothing_is_due_any_more() -> None:
    """This can happen: the tier closest to the start may be free."""
    policy = Policy(
        cancel=CancelRule(fees=(percent(hours_before(24), "50"), percent(hours_before(1), "0"))),
        reschedule=FREE_MOVES,
    )
    facts = session()
    quoted = decide(policy, Action.RESCHEDULE, facts, LATE).cost
    assert quoted == Cost(None, None, a_fee(6_000))
    later = START - timedelta(minutes=30)
    assert decide(policy, Action.RESCHEDULE, facts, later, quoted=quoted).cost == Cost(None, None)
