"""Booking a session again after its end: until when, at what cost, and by which rules."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import (
    Decision,
    RefusalCode,
    Term,
    counts_as_move,
    decide,
    is_allowed,
    terms,
)
from app.domain.policy.document import parse_rules
from app.domain.policy.format_moves import must_keep_format_and_location
from app.domain.policy.free import FreeBecause, is_asked
from app.domain.policy.rebook import is_rebooking
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Policy,
    RebookRule,
    RescheduleRule,
)
from app.domain.session import Carried, Ended, SessionFacts, Status
from tests.domain.builders import (
    MICROSECOND,
    at,
    fixed,
    hours_before,
    percent,
    session,
    usd,
    wall_clock,
)

START = at("2026-06-10T15:00Z")
CANCELLED_AT = at("2026-06-10T08:00Z")
UNTIL = CANCELLED_AT + timedelta(days=30)
MISSED_UNTIL = START + timedelta(days=30)
LATER = at("2026-06-20T09:00Z")
FEES = (fixed(hours_before(24), 4_500),)
STANDS = Policy(cancel=CancelRule(closes=hours_before(2), fees=FEES), rebook=RebookRule(days=30))
CREDITED = replace(STANDS, rebook=RebookRule(days=30, credited=True))


def ended(status: Status = Status.CANCELLED, **end: Any) -> SessionFacts:
    """Build a session that was cancelled on the morning of its start, or missed."""
    end_at = CANCELLED_AT if status is Status.CANCELLED else START + timedelta(hours=2)
    facts = session(status=status)
    return replace(facts, ended=Ended(**({"at": end_at} | end)))


def decided(policy: Policy, facts: SessionFacts, now: datetime) -> Decision:
    """Decide a move, after checking that terms and availability agree with the decision."""
    decision = decide(policy, Action.RESCHEDULE, facts, now)
    assert decision.allowed == is_allowed(policy, Action.RESCHEDULE, facts, now)
    assert list(decision.timeline) == terms(policy, Action.RESCHEDULE, facts)
    return decision


@pytest.mark.parametrize(
    ("status", "until"), [(Status.CANCELLED, UNTIL), (Status.NOSHOW, MISSED_UNTIL)]
)
def test_exactly_on_the_last_instant_is_in_time_and_a_microsecond_later_is_late(
    status: Status, until: datetime
) -> None:
    facts = ended(status)
    in_time = decided(STANDS, facts, until)
    assert in_time.allowed
    assert in_time.closes_at == until
    late = decided(STANDS, facts, until + MICROSECOND).refusal
    assert late is not None
    assert (late.code, late.deadline) == (RefusalCode.SESSION_NOT_BOOKED, until)


def test_a_quote_that_was_shown_in_time_is_honoured_later() -> None:
    decision = decide(
        STANDS,
        Action.RESCHEDULE,
        ended(),
        UNTIL + MICROSECOND,
        quoted=Cost(None, None),
    )
    assert decision.allowed


@pytest.mark.parametrize("policy", [Policy(), replace(STANDS, rebook=None)])
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NOSHOW])
def test_without_the_rule_an_end_is_an_end(policy: Policy, status: Status) -> None:
    refusal = decided(policy, ended(status), CANCELLED_AT).refusal
    assert refusal is not None
    assert (refusal.code, refusal.deadline) == (RefusalCode.SESSION_NOT_BOOKED, None)


def test_a_fulfilled_session_is_never_booked_again() -> None:
    refusal = decided(STANDS, session(status=Status.FULFILLED), LATER).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.SESSION_NOT_BOOKED


@pytest.mark.parametrize("action", [Action.CANCEL, Action.CHANGE_FORMAT, Action.ABSENCE])
def test_an_ended_session_can_only_be_moved(action: Action) -> None:
    refusal = decide(STANDS, action, ended(), CANCELLED_AT).refusal
    assert refusal is not None
    assert (refusal.code, refusal.deadline) == (RefusalCode.SESSION_NOT_BOOKED, None)


# What it costs


def test_a_fee_that_stands_is_not_carried() -> None:
    assert decided(STANDS, ended(due=usd(4_500)), LATER).cost == Cost(None, None)


def test_a_due_fee_that_is_credited_is_carried_along() -> None:
    carried = Carried(usd(4_500), forfeits_credit=False)
    decision = decided(CREDITED, ended(due=usd(4_500)), LATER)
    assert decision.cost == Cost(None, None, carried)
    assert decision.free_until is None
    assert list(decision.timeline) == [Term(UNTIL, Cost(None, None, carried))]


@pytest.mark.parametrize("end", [{"settled": usd(4_500)}, {}])
def test_a_fee_that_is_paid_or_waived_is_not_carried(end: dict[str, Any]) -> None:
    assert decided(CREDITED, ended(**end), LATER).cost == Cost(None, None)


@pytest.mark.parametrize(
    ("policy", "credit", "expected"),
    [
        (STANDS, "forfeited", Cost(None, Credit.REDEEMED)),
        (STANDS, "returned", Cost(None, Credit.REDEEMED)),
        (CREDITED, "forfeited", Cost(None, Credit.KEPT, Carried(None, forfeits_credit=True))),
        (CREDITED, "returned", Cost(None, Credit.REDEEMED)),
    ],
)
def test_a_credit_is_taken_anew_unless_its_forfeit_is_credited(
    policy: Policy, credit: str, expected: Cost
) -> None:
    forfeits = credit == "forfeited"
    facts = replace(
        ended(forfeits_credit=forfeits), paid_by_credit=forfeits, has_paid_by_credit=not forfeits
    )
    assert decided(policy, facts, LATER).cost == expected


def test_the_fees_and_deadlines_of_moves_do_not_matter() -> None:
    policy = replace(
        STANDS,
        reschedule=RescheduleRule(closes=hours_before(48), fees=(fixed(hours_before(0), 1),)),
    )
    assert decided(policy, ended(), LATER).cost == Cost(None, None)


def test_a_quote_never_carries_more_than_it_has_shown_nor_more_than_is_due() -> None:
    shown = Cost(None, None, Carried(usd(3_000), forfeits_credit=False))
    facts = ended(due=usd(4_500))
    quoted = decide(CREDITED, Action.RESCHEDULE, facts, LATER, quoted=shown)
    assert quoted.cost == shown
    settled = decide(CREDITED, Action.RESCHEDULE, ended(settled=usd(4_500)), LATER, quoted=shown)
    assert settled.cost == Cost(None, None)


# Its other conditions


def test_the_limit_counts_it_unless_the_practice_has_cancelled() -> None:
    policy = replace(STANDS, reschedule=RescheduleRule(limit=1))
    facts = replace(ended(), client_moves=1)
    refusal = decided(policy, facts, LATER).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.RESCHEDULE_LIMIT_REACHED
    assert counts_as_move(policy, facts, LATER)
    by_practice = replace(ended(by_practice=True), client_moves=1)
    assert decided(policy, by_practice, LATER).allowed
    assert not counts_as_move(policy, by_practice, LATER)


def test_a_missed_session_was_not_cancelled_by_the_practice_which_marked_it() -> None:
    policy = replace(STANDS, reschedule=RescheduleRule(limit=1))
    facts = replace(ended(Status.NOSHOW, by_practice=True), client_moves=1)
    refusal = decided(policy, facts, LATER).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.RESCHEDULE_LIMIT_REACHED


def test_where_moving_is_disabled_so_is_booking_again() -> None:
    policy = replace(STANDS, reschedule=RescheduleRule(enabled=False))
    refusal = decided(policy, ended(), LATER).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.ACTION_DISABLED


def test_a_move_by_the_practice_before_the_end_makes_nothing_free() -> None:
    facts = replace(ended(due=usd(4_500)), moved_by_practice=True)
    decision = decided(CREDITED, facts, CANCELLED_AT)
    assert decision.free_because is None
    assert decision.cost is not None
    assert not decision.cost.is_free


def test_while_the_practice_asks_for_a_move_its_request_has_no_conditions() -> None:
    """Afterwards the policy's rule holds. The terms show both."""
    answer_by = at("2026-06-10T12:00Z")
    policy = replace(CREDITED, reschedule=RescheduleRule(limit=0))
    facts = replace(ended(by_practice=True, due=usd(4_500)), answer_by=answer_by)
    asked = decided(policy, facts, answer_by)
    assert asked.free_because is FreeBecause.MOVE_REQUEST
    assert asked.cost == Cost(None, None)
    later = decided(policy, facts, answer_by + MICROSECOND)
    carried = Carried(usd(4_500), forfeits_credit=False)
    assert later.cost == Cost(None, None, carried)
    assert list(later.timeline) == [
        Term(answer_by, Cost(None, None)),
        Term(UNTIL, Cost(None, None, carried)),
    ]


def test_from_the_start_on_a_move_that_was_asked_for_is_an_ordinary_rebooking() -> None:
    facts = replace(ended(by_practice=True), answer_by=START + timedelta(days=1))
    assert not is_rebooking(STANDS, facts, START - MICROSECOND)
    assert is_asked(facts, START - MICROSECOND)
    assert is_rebooking(STANDS, facts, START)
    assert not is_asked(facts, START)


def test_from_the_start_on_a_session_that_the_practice_cancelled_is_not_booked() -> None:
    facts = replace(ended(by_practice=True), answer_by=START + timedelta(days=1))
    assert decided(Policy(), facts, START - MICROSECOND).allowed
    refusal = decided(Policy(), facts, START).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.SESSION_NOT_BOOKED


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        (ChangeFormatRule(closes=hours_before(2)), "free"),
        (ChangeFormatRule(fees=(fixed(hours_before(24), 500),)), "free"),
        (ChangeFormatRule(enabled=False), "kept"),
    ],
)
@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NOSHOW])
def test_the_format_may_change_wherever_a_change_in_time_is_free(
    rule: ChangeFormatRule, expected: str, status: Status
) -> None:
    """The deadlines of the former time do not matter."""
    policy = replace(STANDS, change_format=rule)
    keeps = must_keep_format_and_location(policy, ended(status), LATER)
    assert keeps is (expected == "kept")


def test_a_deadline_366_days_before_is_no_exception_where_clocks_went_back() -> None:
    """Of 3 November, 23:59: the date of the deadline began 367 days and 59 minutes before."""
    start = "2026-11-03T23:59-05:00"
    rule = ChangeFormatRule(closes=wall_clock(366, "00:00"))
    policy = Policy(change_format=rule, rebook=RebookRule(30))
    facts = replace(session(start), status=Status.CANCELLED, ended=Ended(at(start)))
    assert not must_keep_format_and_location(policy, facts, at(start))


# What a later cancellation costs


def test_what_was_paid_is_deducted_from_a_later_cancellation() -> None:
    policy = replace(CREDITED, cancel=CancelRule(fees=(*FEES, percent(hours_before(2), "50"))))
    facts = replace(session(), paid_before=usd(4_500))
    free, late = Cost(None, None), Cost(usd(1_500), None)
    assert terms(policy, Action.CANCEL, facts) == [
        Term(START - timedelta(hours=2), free),
        Term(START, late),
    ]
    after = START + MICROSECOND
    assert cost_for_staff(policy, Action.CANCEL, facts, after, charged=True) == late


def test_what_was_paid_does_not_reduce_what_is_carried_beyond_it() -> None:
    """Both are parts of the same cost: 60 dollars in all, of which 45 are paid."""
    carried = Carried(usd(1_500), forfeits_credit=False)
    facts = replace(session(), paid_before=usd(4_500), carried=carried)
    assert terms(CREDITED, Action.CANCEL, facts)[0].cost == Cost(usd(1_500), None)


# Stored policies


def test_older_versions_have_no_rule() -> None:
    assert parse_rules({"cancel": {}}).rebook is None
    assert parse_rules({"rebook": None}).rebook is None


def test_a_stored_rule_stands_unless_it_says_credited() -> None:
    assert parse_rules({"rebook": {"days": 7}}).rebook == RebookRule(7)
    assert parse_rules({"rebook": {"days": 7, "fee": "stands"}}).rebook == RebookRule(7)
    assert parse_rules({"rebook": {"days": 7, "fee": "credited"}}).rebook == RebookRule(
        7, credited=True
    )
