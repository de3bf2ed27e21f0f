"""Targets to which a move costs no fee: which they are, and what such a move costs still."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.domain.intervals import Interval
from app.domain.policy.costs import Cost, Promised, cost_for_staff
from app.domain.policy.decide import (
    Decision,
    FreeTargets,
    RefusalCode,
    Term,
    counts_as_move,
    decide,
    terms,
)
from app.domain.policy.document import parse_rules
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    FreeIfWithin,
    Policy,
    RebookRule,
    RescheduleRule,
    WithinDays,
    WithinIsoWeek,
)
from app.domain.policy.target_fees import target_fees
from app.domain.policy.targets import TargetFees, free_targets, is_free_target
from app.domain.quotes import Quote, quoted_cost
from app.domain.session import Carried, Ended, Status
from tests.domain.builders import (
    AUCKLAND,
    LONDON,
    MICROSECOND,
    NEW_YORK,
    at,
    fixed,
    hours_before,
    seconds,
    session,
    usd,
)

START = at("2026-06-10T15:00Z")
LATE = at("2026-06-09T15:00Z") + MICROSECOND
NEAR, FAR = at("2026-06-17T15:00Z"), at("2026-06-18T15:00Z")
FREE_STARTS = Interval(seconds("2026-06-03T04:00Z"), seconds("2026-06-18T04:00Z"))
"""Seven days around 10 June, by dates in New York."""
RULE = RescheduleRule(fees=(fixed(hours_before(24), 3000),), free_if_within=WithinDays(7))
# A late move costs 30 dollars, a late cancellation 45.
POLICY = Policy(
    cancel=CancelRule(fees=(fixed(hours_before(24), 4500),)),
    reschedule=RULE,
    change_format=ChangeFormatRule(fees=(fixed(hours_before(24), 500),)),
)


def policy_of(rule: FreeIfWithin | None) -> Policy:
    return replace(POLICY, reschedule=replace(RULE, free_if_within=rule))


def carried(fee: int) -> Carried:
    return Carried(usd(fee), forfeits_credit=False)


OTHER, FREE = Cost(usd(3000), None, carried(1500)), Cost(None, None, carried(4500))


IDS = UUID(int=1), UUID(int=2)


def code(decision: Decision) -> RefusalCode | None:
    return None if decision.refusal is None else decision.refusal.code


# Which targets are free


@pytest.mark.parametrize(
    ("rule", "zone", "booked", "first", "after"),
    [
        pytest.param(
            WithinDays(7),
            NEW_YORK,
            "2026-06-10T15:00Z",
            "2026-06-03T00:00-04:00",
            "2026-06-18T00:00-04:00",
            id="days",
        ),
        pytest.param(
            WithinDays(0),
            NEW_YORK,
            "2026-06-11T03:00Z",
            "2026-06-10T00:00-04:00",
            "2026-06-11T00:00-04:00",
            id="the-date-itself",
        ),
        pytest.param(
            WithinDays(7),
            NEW_YORK,
            "2026-03-04T15:00Z",
            "2026-02-25T00:00-05:00",
            "2026-03-12T00:00-04:00",
            id="over-a-change-of-clocks",
        ),
        pytest.param(
            WithinIsoWeek(),
            NEW_YORK,
            "2026-06-10T15:00Z",
            "2026-06-08T00:00-04:00",
            "2026-06-15T00:00-04:00",
            id="week",
        ),
        pytest.param(
            WithinIsoWeek(),
            NEW_YORK,
            "2027-01-01T15:00Z",
            "2026-12-28T00:00-05:00",
            "2027-01-04T00:00-05:00",
            id="week-53",
        ),
        pytest.param(
            WithinIsoWeek(),
            AUCKLAND,
            "2026-06-14T13:00Z",
            "2026-06-15T00:00+12:00",
            "2026-06-22T00:00+12:00",
            id="week-of-the-practitioner's-date",
        ),
        pytest.param(
            WithinIsoWeek(),
            LONDON,
            "2026-03-29T12:00Z",
            "2026-03-23T00:00+00:00",
            "2026-03-30T00:00+01:00",
            id="week-in-which-clocks-change",
        ),
    ],
)
def test_targets_are_free_by_dates_of_the_practitioner(
    rule: FreeIfWithin, zone: ZoneInfo, booked: str, first: str, after: str
) -> None:
    facts = replace(session(booked), zone=zone)
    policy = policy_of(rule)
    assert free_targets(policy, Action.RESCHEDULE, facts) == Interval(
        seconds(first), seconds(after)
    )
    edges = [at(first), at(after)]
    assert [is_free_target(policy, facts, edge) for edge in edges] == [True, False]
    assert [is_free_target(policy, facts, edge - MICROSECOND) for edge in edges] == [False, True]


def test_the_dates_count_from_the_booked_start_not_from_the_present_one() -> None:
    moved = session("2026-06-17T15:00Z", booked_for="2026-06-10T15:00Z")
    assert free_targets(POLICY, Action.RESCHEDULE, moved) == FREE_STARTS


@pytest.mark.parametrize("action", [Action.CANCEL, Action.CHANGE_FORMAT, Action.ABSENCE])
def test_only_moves_have_free_targets(action: Action) -> None:
    assert free_targets(POLICY, action, session()) is None
    with_target = decide(POLICY, action, session(), LATE, target=NEAR)
    assert with_target == decide(policy_of(None), action, session(), LATE)


def test_without_the_rule_no_target_is_free() -> None:
    assert not is_free_target(policy_of(None), session(), NEAR)
    assert not is_free_target(POLICY, session(), None)
    assert decide(policy_of(None), Action.RESCHEDULE, session(), LATE, target=NEAR).cost == OTHER


# What a move costs


def test_a_decision_about_all_targets_has_the_dearest_fee_and_names_the_free_ones() -> None:
    decision = decide(POLICY, Action.RESCHEDULE, session(), LATE)
    assert (decision.cost, decision.free_because) == (OTHER, None)
    assert decision.free_targets == FreeTargets(FREE_STARTS, FREE)
    assert decision.promised == Promised(OTHER, FREE)


def test_a_decision_about_one_target_has_its_fee() -> None:
    near = decide(POLICY, Action.RESCHEDULE, session(), LATE, target=NEAR)
    assert (near.cost, near.free_because) == (FREE, FreeBecause.TARGET)
    assert (near.free_targets, near.promised) == (None, Promised(None, FREE))
    far = decide(POLICY, Action.RESCHEDULE, session(), LATE, target=FAR)
    assert (far.cost, far.free_because) == (OTHER, None)
    assert (far.free_targets, far.promised) == (None, Promised(OTHER, None))


@pytest.mark.parametrize("target", [None, NEAR, FAR])
def test_while_no_move_has_a_fee_the_target_does_not_matter(target: datetime | None) -> None:
    decision = decide(POLICY, Action.RESCHEDULE, session(), LATE - MICROSECOND, target=target)
    free = Cost(None, None)
    assert (decision.cost, decision.free_because, decision.free_targets) == (free, None, None)
    assert decision.promised == Promised(free, free)


def test_a_move_to_a_free_target_carries_a_forfeit_and_keeps_the_credit() -> None:
    policy = replace(POLICY, cancel=replace(POLICY.cancel, late_credit=Credit.FORFEITED))
    facts = replace(session(price=3000), paid_by_credit=True)
    near = decide(policy, Action.RESCHEDULE, facts, LATE, target=NEAR)
    assert near.cost == Cost(None, Credit.KEPT, Carried(None, forfeits_credit=True))
    far = decide(policy, Action.RESCHEDULE, facts, LATE, target=FAR)
    assert far.cost == Cost(usd(3000), Credit.KEPT)


def test_where_cancelling_is_free_a_move_to_a_free_target_costs_nothing() -> None:
    near = decide(
        replace(POLICY, cancel=CancelRule()), Action.RESCHEDULE, session(), LATE, target=NEAR
    )
    assert near.cost == Cost(None, None)


def test_a_free_target_lifts_neither_deadline_nor_limit_nor_disabled() -> None:
    closed = replace(POLICY, reschedule=replace(RULE, closes=hours_before(24)))
    limited = replace(POLICY, reschedule=replace(RULE, limit=0))
    disabled = replace(POLICY, reschedule=replace(RULE, enabled=False))
    codes = [
        code(decide(policy, Action.RESCHEDULE, session(), LATE, target=NEAR))
        for policy in (closed, limited, disabled)
    ]
    assert codes == [
        RefusalCode.NOTICE_TOO_SHORT,
        RefusalCode.RESCHEDULE_LIMIT_REACHED,
        RefusalCode.ACTION_DISABLED,
    ]
    assert counts_as_move(POLICY, session(), LATE)
    refused = decide(closed, Action.RESCHEDULE, session(), LATE)
    assert refused.free_targets is None


def test_the_grace_is_named_first_and_frees_all_targets() -> None:
    facts = replace(session(), grace_from=LATE)
    policy = replace(POLICY, grace=timedelta(hours=1))
    for target in (None, NEAR, FAR):
        decision = decide(policy, Action.RESCHEDULE, facts, LATE, target=target)
        assert (decision.cost, decision.free_because) == (Cost(None, None), FreeBecause.GRACE)
        assert decision.free_targets is None
        assert decision.promised == Promised(decision.cost, decision.cost)


def test_booking_again_has_no_free_targets() -> None:
    policy = replace(POLICY, rebook=RebookRule(30))
    ended = replace(session(), status=Status.CANCELLED, ended=Ended(LATE))
    assert free_targets(policy, Action.RESCHEDULE, ended) is None
    decision = decide(policy, Action.RESCHEDULE, ended, LATE, target=NEAR)
    assert (decision.cost, decision.free_because) == (Cost(None, None), None)


def test_the_terms_of_free_targets_have_no_fee() -> None:
    deadline = LATE - MICROSECOND
    free = terms(POLICY, Action.RESCHEDULE, session(), to_free_target=True)
    assert free == [Term(deadline, Cost(None, None)), Term(START, FREE)]
    assert terms(POLICY, Action.RESCHEDULE, session())[1] == Term(START, OTHER)


def test_staff_who_charge_a_move_charge_what_the_client_would_pay() -> None:
    charges = [
        cost_for_staff(
            POLICY, Action.RESCHEDULE, session(), LATE, charged=charged, target=target
        ).fee
        for charged, target in [(True, NEAR), (True, FAR), (True, None), (False, FAR)]
    ]
    assert charges == [None, usd(3000), usd(3000), None]


# Slots


def test_each_start_has_its_fee() -> None:
    fees = target_fees(POLICY, session(), LATE)
    assert fees == TargetFees(
        FREE_STARTS, usd(3000), seconds("2026-06-10T15:00Z"), fee_of_format=usd(500)
    )
    assert fees is not None
    starts = [FREE_STARTS.start - 1, FREE_STARTS.start, FREE_STARTS.end - 1, FREE_STARTS.end]
    assert [fees.fee_at(start) for start in starts] == [usd(3000), None, None, usd(3000)]
    assert fees.fee_at(seconds("2026-06-10T15:00Z")) == usd(500)


def test_another_group_at_the_start_of_a_seat_is_a_move_as_any_other() -> None:
    fees = target_fees(POLICY, replace(session(), is_seat=True), LATE)
    assert fees is not None
    assert fees.fee_at(seconds("2026-06-10T15:00Z")) is None


def test_slots_have_a_fee_only_with_the_rule_and_none_after_the_end() -> None:
    assert target_fees(policy_of(None), session(), LATE) is None
    ended = replace(session(), status=Status.CANCELLED, ended=Ended(LATE))
    fees = target_fees(POLICY, ended, LATE)
    assert fees is not None
    assert fees.fee_at(seconds("2026-06-10T15:00Z")) is None
    assert fees.fee_at(0) is None


# Quotes


def promised_by(promised: Promised, *, to_free_target: bool) -> Cost | None:
    quote = Quote(*IDS, 1, Action.RESCHEDULE, START, promised)
    return quoted_cost(
        quote,
        practice_id=IDS[0],
        session_id=IDS[1],
        version=1,
        action=Action.RESCHEDULE,
        now=START,
        to_free_target=to_free_target,
    )


def test_a_quote_about_one_kind_of_target_does_not_cover_the_other() -> None:
    both, near, far = Promised(OTHER, FREE), Promised(None, FREE), Promised(OTHER, None)
    found = [
        promised_by(promised, to_free_target=to_free)
        for promised in (both, near, far)
        for to_free in (True, False)
    ]
    assert found == [FREE, OTHER, FREE, None, None, OTHER]


def test_a_quote_from_before_the_deadline_is_honoured_for_any_target() -> None:
    promised = decide(POLICY, Action.RESCHEDULE, session(), LATE - MICROSECOND).promised
    for target in (NEAR, FAR):
        quoted = promised.cost_of(to_free_target=is_free_target(POLICY, session(), target))
        decision = decide(POLICY, Action.RESCHEDULE, session(), LATE, quoted=quoted, target=target)
        assert decision.cost == Cost(None, None)


# The stored document


def test_the_stored_document_has_days_or_the_week() -> None:
    for stored, rule in [
        ({}, None),
        ({"free_if_within": None}, None),
        ({"free_if_within": {"days": 3}}, WithinDays(3)),
        ({"free_if_within": {"same_iso_week": True}}, WithinIsoWeek()),
    ]:
        assert parse_rules({"reschedule": stored}).reschedule.free_if_within == rule
