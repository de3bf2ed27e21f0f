"""A decision can be made again from what was recorded of it (docs/decisions/0046-trying.md)."""

import json
from dataclasses import fields, replace
from datetime import time
from typing import Any

import pytest

from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import RefusalCode, decide
from app.domain.policy.judgement import (
    ENGINE_VERSION,
    Judgement,
    Quoted,
    Result,
    judge_for_staff,
    replay,
    result_of,
    try_rules,
)
from app.domain.policy.reasons import OwnReason, ReasonEffect
from app.domain.policy.recorded import (
    Constants,
    read_cost,
    read_judgement,
    write_cost,
    write_judgement,
)
from app.domain.policy.rules import (
    Action,
    CancelRule,
    Credit,
    Policy,
    RescheduleRule,
    WithinIsoWeek,
    WorkingDays,
)
from app.domain.policy.working_days import NEVER_CLOSED, ClosedDays, FrozenDeadline
from app.domain.session import NO_CONTACT, Carried, Ended, SessionFacts, Status
from tests.domain.builders import NEW_YORK, at, hours_before, percent, session, usd

USUAL = session()
END = Ended(
    at("2026-06-09T10:00:00.000001Z"),
    by_practice=True,
    due=usd(1000),
    settled=usd(2000),
    forfeits_credit=True,
)
# Every fact has another value than usual.
UNUSUAL = SessionFacts(
    status=Status.CANCELLED,
    starts_at=at("2026-06-10T16:00Z"),
    booked_starts_at=at("2026-06-08T15:00Z"),
    zone=NEW_YORK,
    price=usd(9000),
    paid_by_credit=True,
    client_moves=2,
    carried=Carried(usd(500), forfeits_credit=False),
    contact=NO_CONTACT,
    is_seat=True,
    moved_by_practice=True,
    answer_by=at("2026-06-09T12:00Z"),
    ended=END,
    has_paid_by_credit=True,
    paid_before=usd(700),
    grace_from=at("2026-06-01T08:00Z"),
    frozen_deadlines=(
        FrozenDeadline(WorkingDays(2, time(16)), at("2026-06-08T20:00Z")),
        FrozenDeadline(WorkingDays(1, time(9, 30)), at("2026-06-09T13:30Z")),
    ),
    allowance_uses=(at("2026-01-02T10:00:00.000001Z"), at("2026-06-01T10:00Z")),
)
TARGET = at("2026-06-12T15:00Z")
OPEN = None
DUE = Cost(usd(6000), None)
HALF = Policy(cancel=CancelRule(fees=(percent(hours_before(24), "50"),)))
IN_TIME, LATE = at("2026-06-09T14:59Z"), at("2026-06-09T15:01Z")


def stored(judgement: Judgement) -> dict[str, Any]:
    """Give the document as the database gives it back."""
    document: dict[str, Any] = json.loads(json.dumps(write_judgement(judgement)))
    return document


def again(judgement: Judgement) -> Judgement:
    facts = judgement.facts
    return read_judgement(
        stored(judgement),
        Constants(facts.starts_at, facts.zone, facts.price, facts.is_seat, TARGET),
    )


def judged(action: Action = Action.CANCEL, **values: Any) -> Judgement:
    return replace(Judgement(action, USUAL, LATE), **values)


@pytest.mark.parametrize("name", [field.name for field in fields(SessionFacts)])
def test_every_fact_is_recorded(name: str) -> None:
    """A new fact fails here until it is part of the document, or of the constants."""
    if name != "zone":  # it is the same, and has no usual value
        assert getattr(UNUSUAL, name) != getattr(USUAL, name), f"give UNUSUAL a value of {name}"
    found = again(judged(facts=UNUSUAL)).facts
    assert getattr(found, name) == getattr(UNUSUAL, name)


@pytest.mark.parametrize("name", [field.name for field in fields(Ended)])
def test_every_fact_of_an_end_is_recorded(name: str) -> None:
    found = again(judged(facts=UNUSUAL)).facts.ended
    assert getattr(END, name)
    assert found is not None
    assert getattr(found, name) == getattr(END, name)


@pytest.mark.parametrize(
    "cost",
    [
        Cost(None, None),
        Cost(usd(1), Credit.KEPT),
        Cost(None, Credit.FORFEITED, Carried(None, forfeits_credit=True)),
        Cost(usd(500), None, Carried(usd(20), forfeits_credit=False)),
    ],
)
def test_quote_and_staff_are_recorded_as_they_are(cost: Cost) -> None:
    quoted = judged(quoted=Quoted(cost, IN_TIME))
    assert again(quoted) == replace(quoted, facts=replace(USUAL, contact=NO_CONTACT))
    charged = judged(charged_by_staff=True)
    assert again(charged).charged_by_staff
    with_allowance = judged(quoted=Quoted(cost, IN_TIME, uses_allowance=True))
    assert again(with_allowance).quoted == with_allowance.quoted
    assert again(judged(keeps_allowance=True)).keeps_allowance
    assert read_cost(write_cost(cost), "USD") == cost


def test_the_target_of_a_move_is_the_start_after_it() -> None:
    moved = judged(Action.RESCHEDULE, target=TARGET)
    assert again(moved).target == TARGET
    assert again(judged()).target is None


def test_what_is_usual_takes_no_room() -> None:
    assert stored(judged()) == {
        "engine": ENGINE_VERSION,
        "action": "cancel",
        "at": "2026-06-09T15:01:00+00:00",
    }


def test_nothing_in_it_says_who_is_to_be_asked() -> None:
    document = json.dumps(write_judgement(judged(facts=replace(UNUSUAL, contact=USUAL.contact))))
    assert not any(part in document for part in ("Wu", "wu@", "555"))


def test_with_the_same_rules_it_is_decided_as_it_was() -> None:
    assert replay(HALF, judged()).result == decide(HALF, Action.CANCEL, USUAL, LATE).cost == DUE
    assert replay(HALF, judged(quoted=Quoted(Cost(None, None), IN_TIME))).result == Cost(None, None)
    assert replay(HALF, judged(facts=UNUSUAL)).result is RefusalCode.SESSION_NOT_BOOKED


def test_other_rules_are_tried_with_the_quote_that_they_would_have_made() -> None:
    """The client had the page open since before the deadline of 24 hours."""
    shown_in_time = judged(quoted=Quoted(Cost(None, None), IN_TIME))
    strict = Policy(cancel=CancelRule(fees=(percent(hours_before(48), "50"),)))
    closed = Policy(cancel=CancelRule(closes=hours_before(24)))
    assert try_rules(HALF, judged(), OPEN).result == DUE
    assert try_rules(HALF, shown_in_time, OPEN).result == Cost(None, None)
    assert try_rules(strict, shown_in_time, OPEN).result == DUE
    assert try_rules(closed, judged(), OPEN).result is RefusalCode.NOTICE_TOO_SHORT
    assert try_rules(closed, shown_in_time, OPEN).result == Cost(None, None)
    shut_before = Policy(cancel=CancelRule(closes=hours_before(48)))
    assert try_rules(shut_before, shown_in_time, OPEN).result is RefusalCode.NOTICE_TOO_SHORT


def test_working_days_of_other_rules_are_counted_by_the_closed_days() -> None:
    """The session is on a Wednesday at 11:00, the decision on the day before at 11:01."""
    policy = Policy(cancel=CancelRule(closes=WorkingDays(1, time(12))))
    assert try_rules(policy, judged(), NEVER_CLOSED).result == Cost(None, None)
    tuesdays = ClosedDays(frozenset({2}))
    assert try_rules(policy, judged(), tuesdays).result is RefusalCode.NOTICE_TOO_SHORT


def test_staff_are_never_refused_and_are_recorded_only_if_they_charge() -> None:
    never = Policy(cancel=replace(HALF.cancel, enabled=False))
    one = judge_for_staff(never, Action.CANCEL, USUAL, LATE, charged=True)
    assert one.cost == cost_for_staff(never, Action.CANCEL, USUAL, LATE, charged=True) == DUE
    assert one.judgement == judged(charged_by_staff=True)
    assert replay(never, judged(charged_by_staff=True)).result == DUE
    other = judge_for_staff(never, Action.CANCEL, USUAL, LATE, charged=False)
    assert (other.cost, other.judgement) == (Cost(None, None), None)


@pytest.mark.parametrize(
    ("decided", "result"),
    [
        (RefusalCode.ACTION_DISABLED, Result.REFUSED),
        (Cost(None, Credit.FORFEITED), Result.FORFEITED),
        (DUE, Result.FEE),
        (Cost(usd(1), None, Carried(usd(1), forfeits_credit=False)), Result.FEE),
        (Cost(None, None, Carried(usd(1), forfeits_credit=False)), Result.LATER),
        (Cost(None, Credit.RETURNED), Result.FREE),
    ],
)
def test_a_decision_means_one_thing_for_the_client(
    decided: Cost | RefusalCode, result: Result
) -> None:
    assert result_of(decided) is result


@pytest.mark.parametrize("effect", ReasonEffect)
def test_of_a_reason_only_the_effect_is_recorded(effect: ReasonEffect) -> None:
    assert again(judged(effect=effect)).effect is effect
    said = stored(judged(effect=effect)).get("reason")
    assert said == (None if effect is ReasonEffect.USUAL else effect.value)


def test_a_reason_is_replayed_by_its_effect_and_tried_by_its_code() -> None:
    """The tried rules may give the code another effect than the policy of then."""
    own = OwnReason("ill", (("en", "Ill"),), ReasonEffect.NONE)
    ill = judged(effect=ReasonEffect.NONE)
    assert replay(HALF, ill).result == Cost(None, None)
    assert replay(replace(HALF, reasons=(own,)), judged()).result == DUE
    assert try_rules(HALF, ill, OPEN, "ill").result == DUE
    assert try_rules(replace(HALF, reasons=(own,)), judged(), OPEN, "ill").result == Cost(
        None, None
    )
    assert try_rules(replace(HALF, reasons=(own,)), judged(), OPEN, None).result == DUE
    charged = judged(effect=ReasonEffect.NONE, charged_by_staff=True)
    assert replay(HALF, charged).result == DUE


def test_where_a_move_leads_decides_again() -> None:
    moving = RescheduleRule(fees=HALF.cancel.fees, free_if_within=WithinIsoWeek())
    policy = Policy(reschedule=moving)
    same_week = judged(Action.RESCHEDULE, target=TARGET)
    next_week = judged(Action.RESCHEDULE, target=at("2026-06-17T15:00Z"))
    assert replay(policy, same_week).result == Cost(None, None)
    assert replay(policy, next_week).result == DUE
    charged = [replace(one, charged_by_staff=True) for one in (same_week, next_week)]
    assert [replay(policy, one).result for one in charged] == [Cost(None, None), DUE]
    one = judge_for_staff(policy, Action.RESCHEDULE, USUAL, LATE, charged=True, target=TARGET)
    assert (one.cost, one.judgement) == (Cost(None, None), charged[0])


def test_a_move_is_recorded_with_what_it_carries() -> None:
    policy = replace(HALF, reschedule=RescheduleRule(fees=()))
    found = replay(policy, judged(Action.RESCHEDULE)).result
    assert found == Cost(None, None, Carried(usd(6000), forfeits_credit=False))
