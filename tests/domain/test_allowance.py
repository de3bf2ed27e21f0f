"""Changes that are free because their client has changed little (docs/decisions/0047)."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.policy.allowance import AllowanceChoice, AllowanceLeft, allowance_left, with_uses
from app.domain.policy.costs import Cost, Promised, cost_for_staff
from app.domain.policy.decide import Decision, RefusalCode, decide, is_allowed, terms
from app.domain.policy.document import parse_rules
from app.domain.policy.free import FreeBecause
from app.domain.policy.judgement import Judgement, Quoted, replay, try_rules
from app.domain.policy.reason_costs import decide_with_reason, reason_choices
from app.domain.policy.reasons import OwnReason, ReasonEffect
from app.domain.policy.rules import (
    Action,
    Allowance,
    CancelRule,
    Credit,
    Policy,
    RescheduleRule,
    WithinDays,
)
from app.domain.policy.target_fees import target_fees
from app.domain.policy.together import OneOfSeveral, decide_together
from app.domain.policy.ways_out import Way, ways_out
from app.domain.release import release_choice
from app.domain.session import Carried, Ended, SessionFacts, Status
from app.domain.zones import to_seconds
from tests.domain.builders import (
    AUCKLAND,
    HAVANA,
    MICROSECOND,
    NEW_YORK,
    at,
    fixed,
    hours_before,
    percent,
    session,
    usd,
)
from tests.domain.test_properties import (
    NOTICES,
    booked_sessions,
    costs,
    minor,
    policies_with_limits,
)
from tests.examples import at_most

BOTH = frozenset({Action.CANCEL, Action.RESCHEDULE})
START = at("2026-06-10T15:00Z")
IN_TIME, LATE = at("2026-06-09T15:00Z"), at("2026-06-10T11:00Z")
USED = at("2026-03-01T10:00Z")
NEW_YEAR = at("2027-01-01T05:00Z")
"""In New York."""
FULL = Cost(usd(12_000), None)
FREE = Cost(None, None)
# The whole price within a day of the start; moving costs as much. Two changes a year are free.
ALLOWANCE = Allowance(2)
FIRST_TWO = Policy(cancel=CancelRule(fees=(percent(hours_before(24), "100"),)), allowance=ALLOWANCE)
NONE_LEFT = (USED, USED)


def used(*uses: datetime, **values: Any) -> SessionFacts:
    return replace(session(), **{"allowance_uses": uses} | values)


def with_allowance(policy: Policy, **values: Any) -> Policy:
    return replace(policy, allowance=replace(ALLOWANCE, **values))


def late(policy: Policy = FIRST_TWO, action: Action = Action.CANCEL, **values: Any) -> Decision:
    return decide(policy, action, used(**values), LATE)


# How much is left


def left(allowance: Allowance, now: str, *uses: str, zone: Any = NEW_YORK) -> AllowanceLeft:
    return allowance_left(allowance, [at(use) for use in uses], zone, at(now))


def test_nothing_used_is_all_left() -> None:
    assert left(ALLOWANCE, "2026-06-10T11:00Z") == AllowanceLeft(2, 2, None)


def test_a_calendar_year_is_that_of_the_zone() -> None:
    """The use was in the last hour of 2025 in New York, when it was 2026 in UTC."""
    use = "2026-01-01T04:59:59.999999Z"
    assert left(ALLOWANCE, use, use) == AllowanceLeft(1, 2, at("2026-01-01T05:00Z"))
    assert left(ALLOWANCE, "2026-01-01T05:00Z", use) == AllowanceLeft(2, 2, None)
    in_auckland = left(ALLOWANCE, "2026-06-01T00:00Z", use, zone=AUCKLAND)
    assert in_auckland == AllowanceLeft(1, 2, at("2026-12-31T11:00Z"))


def test_after_so_many_local_days_a_use_drops_out_at_midnight() -> None:
    """Not at the time of day at which it was made, and whatever the clocks do meanwhile."""
    month = Allowance(1, days=30)
    use = "2026-10-20T22:30Z"
    renewed = at("2026-11-19T05:00Z")
    assert left(month, "2026-11-19T04:59:59.999999Z", use) == AllowanceLeft(0, 1, renewed)
    assert left(month, "2026-11-19T05:00Z", use) == AllowanceLeft(1, 1, None)


def test_of_one_day_is_the_date_of_the_use() -> None:
    day = Allowance(1, days=1)
    assert left(day, "2026-06-11T03:59Z", "2026-06-10T04:00Z").left == 0
    assert left(day, "2026-06-11T04:00Z", "2026-06-10T04:00Z").left == 1


def test_a_day_begins_when_its_midnight_is_skipped() -> None:
    """In Havana clocks went forward at midnight of 8 March 2026."""
    found = left(Allowance(1, days=1), "2026-03-08T04:00Z", "2026-03-07T20:00Z", zone=HAVANA)
    assert found.renews_at == at("2026-03-08T05:00Z")


def test_it_renews_when_the_first_use_drops_out() -> None:
    weeks = Allowance(2, days=14)
    uses = ["2026-06-08T10:00Z", "2026-06-01T10:00Z"]
    assert left(weeks, "2026-06-10T10:00Z", *uses) == AllowanceLeft(0, 2, at("2026-06-15T04:00Z"))
    assert left(weeks, "2026-06-15T04:00Z", *uses) == AllowanceLeft(1, 2, at("2026-06-22T04:00Z"))


def test_more_uses_than_are_free_leave_none_and_more_than_one_must_drop_out() -> None:
    """The practice has added some, or the policy of another session is stricter."""
    weeks = Allowance(1, days=14)
    uses = ["2026-06-01T10:00Z", "2026-06-03T10:00Z", "2026-06-08T10:00Z"]
    assert left(weeks, "2026-06-10T10:00Z", *uses) == AllowanceLeft(0, 1, at("2026-06-22T04:00Z"))


def test_a_use_of_a_faster_command_that_began_later_counts() -> None:
    assert left(Allowance(1), "2026-06-10T11:00Z", "2026-06-10T11:00:01Z").left == 0


# What it lifts


@pytest.mark.parametrize("action", sorted(BOTH))
def test_with_one_left_a_late_change_is_free_and_says_so(action: Action) -> None:
    decision = late(action=action, allowance_uses=(USED,))
    assert decision.cost == FREE
    assert decision.free_because is FreeBecause.ALLOWANCE
    renews = AllowanceLeft(1, 2, NEW_YEAR)
    assert decision.allowance == AllowanceChoice(renews, would_use=True, instead=FULL)
    assert decision.needs_quote


@pytest.mark.parametrize("action", sorted(BOTH))
def test_with_none_left_it_costs_what_it_costs(action: Action) -> None:
    decision = late(action=action, allowance_uses=NONE_LEFT)
    assert decision.cost == FULL
    assert decision.free_because is None
    assert decision.allowance is not None
    assert decision.allowance.left == AllowanceLeft(0, 2, NEW_YEAR)
    assert not decision.uses_allowance


def test_who_pays_instead_keeps_it() -> None:
    decision = decide(FIRST_TWO, Action.CANCEL, used(USED), LATE, use_allowance=False)
    assert decision.cost == FULL
    assert decision.free_because is None
    assert decision.allowance == AllowanceChoice(
        AllowanceLeft(1, 2, NEW_YEAR), would_use=False, instead=FULL
    )


def test_what_is_free_anyway_says_nothing_of_it() -> None:
    in_time = decide(FIRST_TWO, Action.CANCEL, session(), IN_TIME)
    assert (in_time.cost, in_time.allowance, in_time.free_because) == (FREE, None, None)
    assert not in_time.needs_quote
    no_fees = decide(replace(FIRST_TWO, cancel=CancelRule()), Action.CANCEL, session(), LATE)
    assert no_fees.allowance is None


@pytest.mark.parametrize(
    ("facts", "because"),
    [
        ({"answer_by": START}, FreeBecause.MOVE_REQUEST),
        ({"moved_by_practice": True}, FreeBecause.PRACTICE_MOVE),
        ({"grace_from": LATE}, FreeBecause.GRACE),
    ],
)
def test_whatever_else_makes_it_free_comes_first(
    facts: dict[str, Any], because: FreeBecause
) -> None:
    policy = replace(FIRST_TWO, grace=LATE - IN_TIME)
    for action in BOTH:
        decision = late(policy, action, **facts)
        assert (decision.free_because, decision.allowance) == (because, None)


def test_a_free_target_comes_first_and_uses_none() -> None:
    moving = RescheduleRule(free_if_within=WithinDays(7))
    policy = replace(FIRST_TWO, reschedule=moving)
    near, far = at("2026-06-12T15:00Z"), at("2026-07-12T15:00Z")
    to_near = decide(policy, Action.RESCHEDULE, session(), LATE, target=near)
    assert to_near.free_because is FreeBecause.TARGET
    assert to_near.allowance is None
    assert to_near.cost == Cost(None, None, Carried(usd(12_000), forfeits_credit=False))
    to_far = decide(policy, Action.RESCHEDULE, session(), LATE, target=far)
    assert (to_far.cost, to_far.free_because) == (FREE, FreeBecause.ALLOWANCE)
    assert to_far.promised == Promised(FULL, None, uses_allowance=True)
    of_all = decide(policy, Action.RESCHEDULE, session(), LATE)
    assert of_all.free_targets is not None
    assert of_all.free_targets.cost == to_near.cost
    assert of_all.promised == Promised(FULL, to_near.cost, uses_allowance=True)


def test_a_forfeited_credit_is_returned() -> None:
    policy = replace(FIRST_TWO, cancel=replace(FIRST_TWO.cancel, late_credit=Credit.FORFEITED))
    decision = late(policy, paid_by_credit=True)
    assert decision.cost == Cost(None, Credit.RETURNED)
    assert decision.allowance is not None
    assert decision.allowance.instead == Cost(None, Credit.FORFEITED)


def test_a_carried_cost_is_lifted_like_any_fee() -> None:
    carried = Carried(usd(500), forfeits_credit=False)
    decision = decide(FIRST_TWO, Action.CANCEL, used(carried=carried), IN_TIME)
    assert decision.cost == FREE
    assert decision.allowance is not None
    assert decision.allowance.instead == Cost(usd(500), None)


# Where it applies


def test_a_move_carries_nothing_where_the_same_use_would_have_made_a_cancellation_free() -> None:
    policy = replace(FIRST_TWO, reschedule=RescheduleRule(fees=()))
    decision = late(policy, Action.RESCHEDULE)
    assert decision.cost == FREE
    assert decision.allowance is not None
    assert decision.allowance.instead == Cost(
        None, None, Carried(usd(12_000), forfeits_credit=False)
    )


def test_an_allowance_for_moves_alone_lifts_the_fee_and_never_what_is_carried() -> None:
    """Otherwise a late move, and a cancellation of the new time, would avoid the policy."""
    half = RescheduleRule(fees=(percent(hours_before(24), "50"),))
    policy = with_allowance(
        replace(FIRST_TWO, reschedule=half), actions=frozenset({Action.RESCHEDULE})
    )
    decision = late(policy, Action.RESCHEDULE)
    assert decision.cost == Cost(None, None, Carried(usd(6000), forfeits_credit=False))
    assert decision.free_because is FreeBecause.ALLOWANCE
    only_carries = replace(policy, reschedule=RescheduleRule(fees=()))
    assert late(only_carries, Action.RESCHEDULE).allowance is None
    assert late(policy).allowance is None


def test_an_allowance_for_cancellations_alone_leaves_moves() -> None:
    policy = with_allowance(FIRST_TWO, actions=frozenset({Action.CANCEL}))
    assert late(policy).free_because is FreeBecause.ALLOWANCE
    assert late(policy, Action.RESCHEDULE).allowance is None


def test_an_absence_is_judged_as_a_cancellation() -> None:
    policy = replace(FIRST_TWO, cancel=replace(FIRST_TWO.cancel, closes=hours_before(24)))
    decision = late(policy, Action.ABSENCE)
    assert decision.cost == FREE
    assert decision.free_because is FreeBecause.ALLOWANCE
    moves_alone = with_allowance(policy, actions=frozenset({Action.RESCHEDULE}))
    assert late(moves_alone, Action.ABSENCE).allowance is None


def test_a_change_of_format_never_uses_it() -> None:
    change = replace(FIRST_TWO.change_format, fees=(fixed(hours_before(24), 500),))
    decision = late(replace(FIRST_TWO, change_format=change), Action.CHANGE_FORMAT)
    assert (decision.cost, decision.allowance) == (Cost(usd(500), None), None)


def test_booking_again_after_the_end_never_uses_it() -> None:
    policy = parse_rules({"rebook": {"days": 30, "fee": "credited"}})
    policy = replace(policy, allowance=ALLOWANCE)
    ended = Ended(IN_TIME, due=usd(500))
    decision = late(policy, Action.RESCHEDULE, status=Status.CANCELLED, ended=ended)
    assert decision.cost == Cost(None, None, Carried(usd(500), forfeits_credit=False))
    assert decision.allowance is None


def test_it_lifts_neither_a_deadline_nor_a_limit_nor_disabled() -> None:
    closed = replace(FIRST_TWO, cancel=replace(FIRST_TWO.cancel, closes=hours_before(24)))
    limited = replace(FIRST_TWO, reschedule=RescheduleRule(limit=1))
    never = replace(FIRST_TWO, cancel=replace(FIRST_TWO.cancel, enabled=False))
    for policy, action, code in (
        (closed, Action.CANCEL, RefusalCode.NOTICE_TOO_SHORT),
        (limited, Action.RESCHEDULE, RefusalCode.RESCHEDULE_LIMIT_REACHED),
        (never, Action.CANCEL, RefusalCode.ACTION_DISABLED),
    ):
        decision = late(policy, action, client_moves=1)
        assert decision.refusal is not None
        assert decision.refusal.code is code
        assert (decision.allowance, decision.needs_quote) == (None, False)


def test_the_terms_show_what_changes_cost_without_it() -> None:
    plain = replace(FIRST_TWO, allowance=None)
    for action in BOTH:
        assert terms(FIRST_TWO, action, session()) == terms(plain, action, session())


def test_staff_charge_what_the_client_would_pay_without_it() -> None:
    for at_, action in ((LATE, Action.CANCEL), (START + MICROSECOND, Action.CANCEL)):
        charge = cost_for_staff(FIRST_TWO, action, session(), at_, charged=True)
        assert charge == FULL


# The quote, and what follows from a decision


def test_a_quote_promises_both_prices() -> None:
    assert late().promised == Promised(FULL, FULL, uses_allowance=True)
    assert late(allowance_uses=NONE_LEFT).promised == Promised(FULL, FULL)


def test_a_quote_that_makes_it_free_uses_none() -> None:
    decision = decide(FIRST_TWO, Action.CANCEL, session(), LATE, quoted=FREE)
    assert (decision.cost, decision.free_because, decision.allowance) == (FREE, None, None)


def test_who_pays_instead_pays_what_was_quoted() -> None:
    quoted = Cost(usd(500), None)
    decision = decide(FIRST_TWO, Action.CANCEL, session(), LATE, quoted=quoted, use_allowance=False)
    assert decision.cost == quoted
    assert decision.allowance is not None
    assert decision.allowance.instead == quoted


def test_a_cancellation_that_uses_it_can_still_be_refilled_and_released() -> None:
    """The refill gives the use back; a release uses none."""
    refilled = replace(FIRST_TWO.cancel, refilled=80, release=True)
    policy = replace(FIRST_TWO, cancel=refilled)
    decision = late(policy)
    assert decision.forgiven_if_refilled
    for one, is_choice in ((decision, True), (late(policy, moved_by_practice=True), False)):
        choice = release_choice(policy, one, session(), LATE, has_waitlist=True, waiting=False)
        assert (choice is not None) is is_choice


def test_a_way_out_that_uses_none_comes_first() -> None:
    cancel = late()
    free = decide(Policy(), Action.RESCHEDULE, session(), LATE)
    found = ways_out([cancel, free], usd(12_000), has_other_format=False, release=FREE)
    assert [(one.way, one.uses_allowance) for one in found] == [
        (Way.RELEASE, False),
        (Way.RESCHEDULE, False),
        (Way.CANCEL, True),
    ]
    both = ways_out(
        [late(action=Action.RESCHEDULE), cancel], usd(1), has_other_format=False, release=None
    )
    assert [one.way for one in both] == [Way.RESCHEDULE, Way.CANCEL]


def test_slots_whose_fee_it_lifts_say_that_they_use_it() -> None:
    policy = replace(FIRST_TWO, reschedule=RescheduleRule(free_if_within=WithinDays(0)))
    present, near, far = (
        to_seconds(at(text))
        for text in ("2026-06-10T15:00Z", "2026-06-10T17:00Z", "2026-06-12T15:00Z")
    )
    fees = target_fees(policy, session(), LATE)
    assert fees is not None
    assert [fees.uses_allowance_at(start) for start in (present, near, far)] == [False, False, True]
    assert fees.fee_at(far) is None
    spent = target_fees(policy, used(*NONE_LEFT), LATE)
    assert spent is not None
    assert (spent.fee_at(far), spent.uses_allowance_at(far)) == (usd(12_000), False)
    carries = replace(policy, reschedule=replace(policy.reschedule, fees=()))
    only_carried = target_fees(carries, session(), LATE)
    assert only_carried is not None
    uses = [only_carried.uses_allowance_at(start) for start in (present, near, far)]
    assert uses == [False, True, True]


# A reason of the practice's list

ILL = OwnReason("ill", (("en", "I am ill"),), ReasonEffect.NONE)
WORK = OwnReason("work", (("en", "Work"),), ReasonEffect.ASK)
LISTED = replace(FIRST_TWO, reasons=(ILL, WORK))


@pytest.mark.parametrize("use", [True, False])
def test_a_reason_that_makes_it_free_uses_none(use: bool) -> None:  # noqa: FBT001 - a parameter
    for uses in ((), NONE_LEFT):
        decision = decide_with_reason(
            LISTED, Action.CANCEL, used(*uses), LATE, ReasonEffect.NONE, use_allowance=use
        )
        assert (decision.cost, decision.free_because) == (FREE, FreeBecause.REASON)
        assert (decision.allowance, decision.needs_quote) == (None, False)


def test_any_other_reason_leaves_it() -> None:
    for effect in (ReasonEffect.USUAL, ReasonEffect.ASK):
        decision = decide_with_reason(LISTED, Action.CANCEL, session(), LATE, effect)
        assert decision == late(LISTED)
        assert decision.uses_allowance


def test_the_reasons_say_which_one_costs_none_of_it() -> None:
    choices = reason_choices(LISTED, late(LISTED), session(), LATE)
    assert choices is not None
    assert [(one.effect, one.cost) for one in choices] == [
        (ReasonEffect.NONE, FREE),
        # Nothing is due, so there is nothing to ask.
        (ReasonEffect.USUAL, FREE),
    ]


# Several sessions of one command


def together(*facts: SessionFacts, policy: Policy = FIRST_TWO) -> list[bool]:
    sessions = [OneOfSeveral(policy, one) for one in facts]
    found = decide_together(sessions, Action.CANCEL, LATE)
    return [one.uses_allowance for one in found]


def priced(price: int, **values: Any) -> SessionFacts:
    return replace(session(), price=usd(price), **values)


def test_what_is_left_goes_to_the_dearest_and_nothing_is_used_twice() -> None:
    assert together(priced(100), priced(300), priced(200)) == [False, True, True]
    assert together(priced(100), priced(100), priced(100)) == [True, True, False]
    one_used = [replace(priced(price), allowance_uses=(USED,)) for price in (100, 300)]
    assert together(*one_used) == [False, True]


def test_what_is_free_or_refused_takes_none() -> None:
    free = priced(900, moved_by_practice=True)
    gone = priced(900, status=Status.CANCELLED)
    assert together(free, gone, priced(200), priced(100)) == [False, False, True, True]


def test_each_session_says_what_is_left_for_it() -> None:
    sessions = [OneOfSeveral(FIRST_TWO, priced(100)) for _ in range(3)]
    found = decide_together(sessions, Action.CANCEL, LATE)
    assert [one.allowance and one.allowance.left.left for one in found] == [2, 1, 0]


def test_who_pays_for_several_keeps_all_of_it() -> None:
    paid = [decide(FIRST_TWO, Action.CANCEL, priced(100), LATE, use_allowance=False)]
    assert [one.uses_allowance for one in paid] == [False]


def test_uses_of_the_same_command_count() -> None:
    facts = session()
    assert with_uses(facts, LATE, 0) is facts
    assert with_uses(facts, LATE, 2).allowance_uses == (LATE, LATE)


# Made again


def test_a_recorded_decision_is_made_again_with_what_was_left() -> None:
    shown = Quoted(FULL, IN_TIME, uses_allowance=True)
    one = Judgement(Action.CANCEL, used(USED), LATE, shown)
    assert replay(FIRST_TWO, one) == (FREE, True)
    assert replay(FIRST_TWO, replace(one, keeps_allowance=True)) == (FULL, False)
    assert replay(FIRST_TWO, replace(one, quoted=Quoted(FULL, IN_TIME))) == (FULL, False)
    assert replay(FIRST_TWO, replace(one, facts=used(*NONE_LEFT))) == (FULL, False)


def test_other_rules_count_the_uses_that_they_would_have_made() -> None:
    """What the client has really used, by the rules of then, does not matter."""
    one = Judgement(Action.CANCEL, used(*NONE_LEFT), LATE)
    assert try_rules(FIRST_TWO, one, None) == (FREE, True)
    assert try_rules(FIRST_TWO, one, None, uses=[USED]) == (FREE, True)
    assert try_rules(FIRST_TWO, one, None, uses=NONE_LEFT) == (FULL, False)
    shown = replace(one, quoted=Quoted(FULL, LATE - MICROSECOND))
    assert try_rules(FIRST_TWO, shown, None) == (FREE, True)


# The stored document


@pytest.mark.parametrize("rules", [{}, {"allowance": None}])
def test_a_policy_without_one_has_none(rules: dict[str, Any]) -> None:
    assert parse_rules(rules).allowance is None


def test_the_stored_document_is_parsed() -> None:
    year = {"free": 2, "per": "calendar_year", "for": ["cancel", "reschedule"]}
    assert parse_rules({"allowance": year}).allowance == ALLOWANCE
    days = {"free": 1, "per": {"days": 365}, "for": ["cancel"]}
    cancelling = frozenset({Action.CANCEL})
    assert parse_rules({"allowance": days}).allowance == Allowance(1, 365, cancelling)


# Any policy


def allowances() -> st.SearchStrategy[Allowance]:
    return st.builds(
        Allowance,
        st.integers(1, 3),
        st.none() | st.integers(1, 366),
        st.sampled_from([BOTH, frozenset({Action.CANCEL}), frozenset({Action.RESCHEDULE})]),
    )


ACTIONS = st.sampled_from([Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT, Action.ABSENCE])


def is_not_dearer(found: Cost, than: Cost) -> bool:
    """Compare fee, credit and carried cost, each alone."""
    carries, carried = found.carries, than.carries
    return (
        minor(found.fee) <= minor(than.fee)
        and (found.credit is not Credit.FORFEITED or than.credit is Credit.FORFEITED)
        and (
            carries is None
            or (
                carried is not None
                and minor(carries.fee) <= minor(carried.fee)
                and carries.forfeits_credit <= carried.forfeits_credit
            )
        )
    )


@at_most(250)
@given(
    policies_with_limits(),
    allowances(),
    ACTIONS,
    booked_sessions(),
    st.lists(NOTICES, max_size=3),
    NOTICES,
    st.none() | costs(),
)
def test_an_allowance_makes_no_decision_dearer_and_opens_or_closes_none(
    policy: Policy,
    allowance: Allowance,
    action: Action,
    facts: SessionFacts,
    ago: list[Any],
    notice: Any,
    quoted: Cost | None,
) -> None:
    """Compared with the same policy without one. Where it is used, it is named."""
    facts = replace(facts, client_moves=1)
    now = facts.starts_at - notice
    facts = replace(facts, allowance_uses=tuple(now - one for one in ago))
    with_it = replace(policy, allowance=allowance)
    without = decide(policy, action, facts, now, quoted=quoted)
    found = decide(with_it, action, facts, now, quoted=quoted)
    paid = decide(with_it, action, facts, now, quoted=quoted, use_allowance=False)
    assert found.refusal == without.refusal == paid.refusal
    assert is_allowed(with_it, action, facts, now) == is_allowed(policy, action, facts, now)
    assert paid.cost == without.cost
    if found.cost is None or without.cost is None:
        assert found.allowance is None
        return
    assert is_not_dearer(found.cost, without.cost)
    assert (found.cost != without.cost) is found.uses_allowance
    assert (found.free_because is FreeBecause.ALLOWANCE) is found.uses_allowance
    assert found.promised[:2] == without.promised[:2]
    if found.allowance is not None:
        assert found.allowance.instead == without.cost
        assert found.uses_allowance is (found.allowance.left.left > 0)
    if quoted is not None:
        assert minor(found.cost.fee) <= minor(quoted.fee)


def total(decisions: list[Decision]) -> list[int]:
    return [minor(one.cost.fee) for one in decisions if one.cost is not None]


@at_most(100)
@given(policies_with_limits(), allowances(), st.lists(booked_sessions(), max_size=6))
def test_several_sessions_never_use_more_than_is_left(
    policy: Policy, allowance: Allowance, found: list[SessionFacts]
) -> None:
    policy = replace(policy, allowance=allowance)
    now = min((one.starts_at for one in found), default=LATE) - (LATE - IN_TIME) / 4
    sessions = [OneOfSeveral(policy, one) for one in found]
    decisions = decide_together(sessions, Action.CANCEL, now)
    used_up = [one for one in decisions if one.uses_allowance]
    assert len(used_up) <= allowance.free
    paid = [decide(policy, Action.CANCEL, one, now, use_allowance=False) for one in found]
    assert sorted(total(decisions)) <= sorted(total(paid))
