"""For a while after the booking, cancelling and moving are free, and moves are not counted."""

from dataclasses import replace
from datetime import datetime, timedelta

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
from app.domain.policy.free import FreeBecause
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
from tests.domain.builders import MICROSECOND, at, fixed, hours_before, percent, session, usd

START = at("2026-06-10T15:00Z")
BOOKED = at("2026-06-09T15:00Z")
GRACE_ENDS = at("2026-06-09T16:00Z")
TWO_HOURS_BEFORE = at("2026-06-10T13:00Z")
BOTH = [Action.CANCEL, Action.RESCHEDULE]
# Half the price within three days of the start; no move is allowed to be counted.
STRICT = Policy(
    cancel=CancelRule(fees=(percent(hours_before(72), "50"),), late_credit=Credit.FORFEITED),
    reschedule=RescheduleRule(limit=0),
    change_format=ChangeFormatRule(fees=(fixed(hours_before(72), 500),)),
    grace=timedelta(hours=1),
)
NEW = replace(session(), grace_from=BOOKED)


def judged(policy: Policy, action: Action, facts: SessionFacts, now: datetime) -> Decision:
    decision = decide(policy, action, facts, now)
    assert is_allowed(policy, action, facts, now) is decision.allowed
    return decision


def code(decision: Decision) -> RefusalCode | None:
    return None if decision.refusal is None else decision.refusal.code


@pytest.mark.parametrize("action", BOTH)
def test_an_action_is_free_up_to_the_end_of_the_grace_and_not_a_microsecond_longer(
    action: Action,
) -> None:
    for now in (BOOKED, GRACE_ENDS):
        decision = judged(STRICT, action, NEW, now)
        assert decision.cost == Cost(None, None)
        assert decision.free_because is FreeBecause.GRACE
        assert decision.free_until == GRACE_ENDS
        assert decision.closes_at == START
    late = judged(STRICT, action, NEW, GRACE_ENDS + MICROSECOND)
    assert late.free_because is None
    if action is Action.CANCEL:
        assert late.cost == Cost(usd(6000), None)
    else:
        assert code(late) is RefusalCode.RESCHEDULE_LIMIT_REACHED
    assert terms(STRICT, action, NEW) == [
        Term(GRACE_ENDS, Cost(None, None)),
        Term(START, Cost(usd(6000), None)),
    ]


def test_a_move_in_the_grace_is_neither_counted_nor_bound_by_the_limit() -> None:
    assert not counts_as_move(STRICT, NEW, GRACE_ENDS)
    assert counts_as_move(STRICT, NEW, GRACE_ENDS + MICROSECOND)


@pytest.mark.parametrize(
    ("hours", "until"),
    [(23, TWO_HOURS_BEFORE), (24, TWO_HOURS_BEFORE), (500, TWO_HOURS_BEFORE), (22, None)],
)
def test_the_grace_ends_two_hours_before_the_start(hours: int, until: datetime | None) -> None:
    policy = replace(STRICT, grace=timedelta(hours=hours))
    until = until or BOOKED + timedelta(hours=hours)
    assert terms(policy, Action.CANCEL, NEW)[0] == Term(until, Cost(None, None))


def test_a_booking_within_two_hours_of_the_start_has_no_grace() -> None:
    for booked, is_free in [(TWO_HOURS_BEFORE, True), (TWO_HOURS_BEFORE + MICROSECOND, False)]:
        decision = judged(STRICT, Action.CANCEL, replace(NEW, grace_from=booked), booked)
        assert (decision.free_because is FreeBecause.GRACE) is is_free
    short = replace(NEW, grace_from=TWO_HOURS_BEFORE + MICROSECOND)
    assert terms(STRICT, Action.CANCEL, short)[0].until == at("2026-06-07T15:00Z")


def test_without_the_field_or_the_instant_there_is_no_grace() -> None:
    for policy, facts in [(replace(STRICT, grace=timedelta()), NEW), (STRICT, session())]:
        decision = judged(policy, Action.CANCEL, facts, BOOKED)
        assert decision.cost == Cost(usd(6000), None)
        assert decision.free_because is None


@pytest.mark.parametrize("action", BOTH)
def test_the_grace_lifts_no_deadline(action: Action) -> None:
    closed = replace(
        STRICT,
        cancel=replace(STRICT.cancel, closes=hours_before(23.5)),
    )
    closes_at = at("2026-06-09T15:30Z")
    assert judged(closed, action, NEW, closes_at).free_because is FreeBecause.GRACE
    late = judged(closed, action, NEW, closes_at + MICROSECOND)
    assert code(late) is RefusalCode.NOTICE_TOO_SHORT
    assert late.free_because is None
    assert late.refusal is not None
    assert late.refusal.deadline == late.closes_at == closes_at
    assert terms(closed, action, NEW) == [Term(closes_at, Cost(None, None))]


@pytest.mark.parametrize("action", BOTH)
def test_the_grace_does_not_lift_disabled(action: Action) -> None:
    never = replace(
        STRICT,
        cancel=replace(STRICT.cancel, enabled=False),
        reschedule=replace(STRICT.reschedule, enabled=False),
    )
    decision = judged(never, action, NEW, BOOKED)
    assert code(decision) is RefusalCode.ACTION_DISABLED
    assert terms(never, action, NEW) == []


def test_a_move_in_the_grace_carries_nothing_also_where_cancelling_is_disabled() -> None:
    policy = replace(
        STRICT,
        cancel=replace(STRICT.cancel, enabled=False),
        reschedule=RescheduleRule(fees=()),
    )
    assert judged(policy, Action.RESCHEDULE, NEW, GRACE_ENDS).cost == Cost(None, None)
    late = judged(policy, Action.RESCHEDULE, NEW, GRACE_ENDS + MICROSECOND)
    assert late.cost == Cost(None, None, Carried(usd(6000), forfeits_credit=False))


def test_in_the_grace_a_carried_cost_is_not_charged_and_a_credit_comes_back() -> None:
    facts = replace(NEW, paid_by_credit=True, carried=Carried(None, forfeits_credit=True))
    assert judged(STRICT, Action.CANCEL, facts, GRACE_ENDS).cost == Cost(None, Credit.RETURNED)
    assert judged(STRICT, Action.RESCHEDULE, facts, GRACE_ENDS).cost == Cost(None, Credit.KEPT)
    late = judged(STRICT, Action.CANCEL, facts, GRACE_ENDS + MICROSECOND)
    assert late.cost == Cost(None, Credit.FORFEITED)


def test_a_change_of_format_and_an_absence_get_no_grace() -> None:
    change = judged(STRICT, Action.CHANGE_FORMAT, NEW, BOOKED)
    assert (change.cost, change.free_because) == (Cost(usd(500), None), None)
    closed = replace(STRICT, cancel=replace(STRICT.cancel, closes=hours_before(24)))
    absence = judged(closed, Action.ABSENCE, NEW, BOOKED + MICROSECOND)
    assert (absence.cost, absence.free_because) == (Cost(usd(6000), None), None)


def test_what_the_practice_does_is_named_before_the_grace() -> None:
    asked = replace(NEW, answer_by=BOOKED, moved_by_practice=True)
    now = [BOOKED, BOOKED + MICROSECOND]
    named = [judged(STRICT, Action.CANCEL, asked, instant).free_because for instant in now]
    assert named == [FreeBecause.MOVE_REQUEST, FreeBecause.PRACTICE_MOVE]
    short = replace(NEW, answer_by=BOOKED)
    named = [judged(STRICT, Action.CANCEL, short, instant).free_because for instant in now]
    assert named == [FreeBecause.MOVE_REQUEST, FreeBecause.GRACE]
    assert terms(STRICT, Action.CANCEL, short)[0].until == GRACE_ENDS


def test_booking_again_gets_no_grace() -> None:
    ended = replace(
        NEW,
        status=Status.CANCELLED,
        ended=Ended(BOOKED, due=usd(6000)),
    )
    policy = replace(STRICT, reschedule=RescheduleRule(), rebook=RebookRule(30, credited=True))
    decision = judged(policy, Action.RESCHEDULE, ended, BOOKED)
    assert decision.free_because is None
    assert decision.cost == Cost(None, None, Carried(usd(6000), forfeits_credit=False))


def test_a_quote_of_the_grace_is_honoured_after_its_end() -> None:
    quoted = judged(STRICT, Action.CANCEL, NEW, GRACE_ENDS).cost
    late = decide(STRICT, Action.CANCEL, NEW, GRACE_ENDS + MICROSECOND, quoted=quoted)
    assert (late.cost, late.free_because) == (Cost(None, None), None)


def test_staff_who_charge_charge_what_the_client_would_pay() -> None:
    charge = cost_for_staff(STRICT, Action.CANCEL, NEW, GRACE_ENDS, charged=True)
    assert charge == Cost(None, None)
    late = cost_for_staff(STRICT, Action.CANCEL, NEW, GRACE_ENDS + MICROSECOND, charged=True)
    assert late == Cost(usd(6000), None)


def test_the_stored_document_has_minutes() -> None:
    assert parse_rules({}).grace == timedelta()
    assert parse_rules({"grace_minutes": 90}).grace == timedelta(minutes=90)
