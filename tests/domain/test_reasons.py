"""The practice's own reasons: what they are called, and what they change about a cost."""

from dataclasses import replace
from typing import Any

import pytest

from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.decide import Decision, RefusalCode, counts_as_move, decide, terms
from app.domain.policy.document import parse_rules
from app.domain.policy.free import FreeBecause
from app.domain.policy.reason_costs import ReasonChoice, decide_with_reason, reason_choices
from app.domain.policy.reasons import (
    STANDARD_REASONS,
    OwnReason,
    ReasonEffect,
    codes_of,
    effect_of,
    find_reason,
    label_in,
    with_other,
)
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Policy,
    RebookRule,
    RescheduleRule,
    WithinDays,
)
from app.domain.policy.sentences import Sentence, sentences
from app.domain.policy.warnings import PolicyWarning, WarningCode, warnings
from app.domain.policy.working_days import NEVER_CLOSED
from app.domain.session import Carried, Ended, SessionFacts, Status
from tests.domain.builders import MICROSECOND, at, fixed, hours_before, session, usd

USUAL, NONE, ASK = ReasonEffect.USUAL, ReasonEffect.NONE, ReasonEffect.ASK
EARLY, LATE = at("2026-06-09T15:00Z"), at("2026-06-09T15:00Z") + MICROSECOND
ILL = OwnReason("ill", (("en", "I am ill"), ("fr", "Je suis malade")), NONE)
FUNERAL = OwnReason("funeral", (("en", "A funeral"),), ASK)
WORK = OwnReason("work", (("en", "Work"),))
OTHER = OwnReason("other")
REASONS = (ILL, FUNERAL, WORK, OTHER)
# A late cancellation costs 45 dollars, a late move 30, so it carries 15; a new format costs 5.
POLICY = Policy(
    cancel=CancelRule(fees=(fixed(hours_before(24), 4500),), refilled=80),
    reschedule=RescheduleRule(fees=(fixed(hours_before(24), 3000),)),
    change_format=ChangeFormatRule(fees=(fixed(hours_before(24), 500),)),
    reasons=REASONS,
)
ACTIONS = [Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT]


def with_reason(
    effect: ReasonEffect,
    action: Action = Action.CANCEL,
    *,
    policy: Policy = POLICY,
    facts: SessionFacts | None = None,
    **values: Any,
) -> Decision:
    found = session() if facts is None else facts
    return decide_with_reason(policy, action, found, LATE, effect, **values)


# The list


def test_other_is_added_to_a_list_that_lacks_it_and_then_has_its_usual_effect() -> None:
    assert with_other([ILL]) == (ILL, OTHER)
    assert OTHER.effect is USUAL


def test_other_keeps_the_effect_that_the_practice_gave_to_it() -> None:
    own = OwnReason("other", (("en", "Something else"),), ASK)
    assert with_other([own, ILL]) == (own, ILL)


def test_without_a_list_of_its_own_a_practice_has_the_standard_codes_without_effect() -> None:
    assert codes_of(None) == STANDARD_REASONS
    assert effect_of(None, "unwell") is USUAL
    assert find_reason(None, "unwell") is None


def test_a_list_takes_the_place_of_the_standard_codes() -> None:
    assert codes_of(REASONS) == ("ill", "funeral", "work", "other")
    assert find_reason(REASONS, "ill") is ILL


@pytest.mark.parametrize(
    ("code", "effect"),
    [("ill", NONE), ("funeral", ASK), ("work", USUAL), ("unwell", USUAL), (None, USUAL)],
)
def test_a_code_has_the_effect_of_the_list(code: str | None, effect: ReasonEffect) -> None:
    assert effect_of(REASONS, code) is effect


@pytest.mark.parametrize(
    ("languages", "label"),
    [
        (["fr"], "Malade"),
        (["fr-CA"], "Souffrant"),
        (["FR-ca"], "Souffrant"),
        (["fr-CH"], "Malade"),
        (["pt"], "Doente"),
        (["it", "pt-PT", "fr"], "Doente"),
        (["it"], "Ill"),
        ([], "Ill"),
    ],
)
def test_a_label_is_in_the_readers_best_language_or_in_english(
    languages: list[str], label: str
) -> None:
    labels = {"pt-BR": "Doente", "fr": "Malade", "fr-CA": "Souffrant", "en": "Ill"}
    assert label_in(OwnReason("ill", tuple(labels.items())), languages) == label


def test_without_english_a_label_is_the_first_by_tag() -> None:
    document = {"code": "ill", "labels": {"pt-BR": "Doente", "it": "Malato"}}
    own, _ = parse_rules({"reasons": [document]}).reasons or ()
    assert label_in(own, ["fr"]) == "Malato"


def test_of_several_regions_the_first_stands_for_the_language() -> None:
    own = OwnReason("ill", (("pt-BR", "Doente"), ("pt-PT", "Adoentado")))
    assert label_in(own, ["pt"]) == "Doente"
    assert label_in(own, ["pt-PT"]) == "Adoentado"


def test_other_has_no_label_of_its_own() -> None:
    assert label_in(OTHER, ["en"]) is None


# Rules


def test_a_stored_list_is_read_with_other() -> None:
    document = {
        "reasons": [
            {"code": "ill", "labels": {"en": "I am ill", "fr": "Je suis malade"}, "fee": "none"},
            {"code": "funeral", "labels": {"en": "A funeral"}, "fee": "ask"},
            {"code": "work", "labels": {"en": "Work"}},
        ]
    }
    assert parse_rules(document).reasons == REASONS


@pytest.mark.parametrize("document", [{}, {"reasons": None}])
def test_a_version_without_a_list_has_none(document: dict[str, Any]) -> None:
    assert parse_rules(document).reasons is None


# Free of charge


@pytest.mark.parametrize(
    ("action", "credit"),
    [
        (Action.CANCEL, Credit.RETURNED),
        (Action.RESCHEDULE, Credit.KEPT),
        (Action.CHANGE_FORMAT, Credit.KEPT),
    ],
)
def test_a_free_reason_lifts_fee_forfeit_and_carried_cost(action: Action, credit: Credit) -> None:
    forfeits = replace(POLICY, cancel=replace(POLICY.cancel, late_credit=Credit.FORFEITED))
    facts = replace(session(), carried=Carried(usd(900), forfeits_credit=False))
    paid = replace(facts, paid_by_credit=True)
    assert with_reason(NONE, action, facts=facts).cost == Cost(None, None)
    found = with_reason(NONE, action, policy=forfeits, facts=paid)
    assert found.cost == Cost(None, credit)
    assert found.free_because is FreeBecause.REASON


def test_a_free_absence_gives_the_credit_back_as_a_cancellation_does() -> None:
    cancel = replace(POLICY.cancel, closes=hours_before(24), late_credit=Credit.FORFEITED)
    policy, facts = replace(POLICY, cancel=cancel), session(paid_by_credit=True)
    usual = with_reason(USUAL, Action.ABSENCE, policy=policy, facts=facts)
    assert usual.cost == Cost(None, Credit.FORFEITED)
    free = with_reason(NONE, Action.ABSENCE, policy=policy, facts=facts)
    assert free.cost == Cost(None, Credit.RETURNED)


@pytest.mark.parametrize("effect", [USUAL, ASK])
@pytest.mark.parametrize("action", ACTIONS)
def test_other_reasons_leave_the_decision_as_it_is(action: Action, effect: ReasonEffect) -> None:
    assert with_reason(effect, action) == decide(POLICY, action, session(), LATE)


def test_nothing_is_left_to_be_forgiven_if_others_take_the_time() -> None:
    assert with_reason(USUAL).forgiven_if_refilled
    assert not with_reason(NONE).forgiven_if_refilled


def test_a_free_reason_is_not_named_where_there_is_nothing_to_lift() -> None:
    decision = decide_with_reason(POLICY, Action.CANCEL, session(), EARLY, NONE)
    assert decision.cost == Cost(None, None)
    assert decision.free_because is None


def test_what_frees_the_whole_action_is_named_before_the_reason() -> None:
    facts = replace(session(), moved_by_practice=True)
    assert with_reason(NONE, facts=facts).free_because is FreeBecause.PRACTICE_MOVE


def test_a_free_target_lifts_the_fee_and_the_reason_what_it_carries() -> None:
    rule = replace(POLICY.reschedule, free_if_within=WithinDays(7))
    near = at("2026-06-12T15:00Z")
    policy = replace(POLICY, reschedule=rule)
    usual = with_reason(USUAL, Action.RESCHEDULE, policy=policy, target=near)
    assert usual.cost == Cost(None, None, Carried(usd(4500), forfeits_credit=False))
    free = with_reason(NONE, Action.RESCHEDULE, policy=policy, target=near)
    assert free.cost == Cost(None, None)
    assert (free.free_because, free.is_free_target) == (FreeBecause.REASON, None)
    of_all = with_reason(NONE, Action.RESCHEDULE, policy=policy)
    assert (of_all.cost, of_all.free_targets) == (Cost(None, None), None)
    no_carry = replace(policy, cancel=CancelRule())
    named = with_reason(NONE, Action.RESCHEDULE, policy=no_carry, target=near)
    assert named.free_because is FreeBecause.TARGET


def test_a_free_reason_opens_nothing_that_has_closed() -> None:
    policy = replace(POLICY, cancel=replace(POLICY.cancel, closes=hours_before(24)))
    refused = with_reason(NONE, policy=policy)
    assert refused.refusal is not None
    assert refused.refusal.code is RefusalCode.NOTICE_TOO_SHORT
    # A quote from before the deadline does, as ever.
    assert with_reason(NONE, policy=policy, quoted=Cost(usd(4500), None)).cost == Cost(None, None)


def test_a_free_reason_enables_nothing() -> None:
    policy = replace(POLICY, cancel=replace(POLICY.cancel, enabled=False))
    refusal = with_reason(NONE, policy=policy).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.ACTION_DISABLED


def test_a_free_move_counts_towards_the_limit_and_is_bound_by_it() -> None:
    assert counts_as_move(POLICY, session(), LATE)
    policy = replace(POLICY, reschedule=replace(POLICY.reschedule, limit=1))
    refusal = with_reason(
        NONE, Action.RESCHEDULE, policy=policy, facts=session(client_moves=1)
    ).refusal
    assert refusal is not None
    assert refusal.code is RefusalCode.RESCHEDULE_LIMIT_REACHED


def test_a_reason_for_booking_again_does_not_lift_the_cost_of_the_end() -> None:
    policy = replace(POLICY, rebook=RebookRule(days=30, credited=True))
    ended = Ended(at("2026-06-09T16:00Z"), due=usd(4500))
    facts = replace(session(status=Status.CANCELLED), ended=ended)
    decision = with_reason(NONE, Action.RESCHEDULE, policy=policy, facts=facts)
    assert decision.cost == Cost(None, None, Carried(usd(4500), forfeits_credit=False))
    assert decision.free_because is None


def test_the_terms_are_those_of_the_usual_cost() -> None:
    plain = replace(POLICY, reasons=None)
    for action in ACTIONS:
        assert terms(POLICY, action, session()) == terms(plain, action, session())
        assert with_reason(NONE, action).timeline == terms(plain, action, session())


def test_staff_charge_the_usual_cost() -> None:
    cost = cost_for_staff(POLICY, Action.CANCEL, session(), LATE, charged=True)
    assert cost == Cost(usd(4500), None)


# What the client may choose


def choices(action: Action, now: Any, **changes: Any) -> list[ReasonChoice] | None:
    policy = replace(POLICY, **changes)
    decision = decide(policy, action, session(), now)
    return reason_choices(policy, decision, session(), now)


def test_every_reason_says_what_it_changes_and_costs_now() -> None:
    due = Cost(usd(4500), None)
    assert choices(Action.CANCEL, LATE) == [
        ReasonChoice(ILL, NONE, Cost(None, None)),
        ReasonChoice(FUNERAL, ASK, due),
        ReasonChoice(WORK, USUAL, due),
        ReasonChoice(OTHER, USUAL, due),
    ]


def test_no_reason_changes_what_is_free_anyway() -> None:
    found = choices(Action.CANCEL, EARLY)
    assert found is not None
    assert {(one.effect, one.cost) for one in found} == {(USUAL, Cost(None, None))}


def test_nobody_is_asked_where_no_fee_is_due() -> None:
    forfeits = replace(POLICY.cancel, late_credit=Credit.FORFEITED)
    policy, facts = replace(POLICY, cancel=forfeits), session(paid_by_credit=True)
    decision = decide(policy, Action.CANCEL, facts, LATE)
    found = reason_choices(policy, decision, facts, LATE)
    assert found is not None
    assert [one.effect for one in found] == [NONE, USUAL, USUAL, USUAL]


def test_there_is_nothing_to_choose_without_a_list_or_for_what_is_refused() -> None:
    assert choices(Action.CANCEL, LATE, reasons=None) is None
    assert choices(Action.ABSENCE, LATE) is None


# The proof-reader


def said(policy: Policy) -> list[Sentence]:
    return [one for one in sentences(policy) if one.key.startswith("rules.reasons")]


def test_the_reasons_are_told_with_what_each_kind_changes() -> None:
    assert said(POLICY) == [
        Sentence("rules.reasons", {"reasons": REASONS}),
        Sentence("rules.reasons-free", {"reasons": (ILL,)}, 1),
        Sentence("rules.reasons-ask", {"reasons": (FUNERAL,)}, 1),
    ]
    assert said(replace(POLICY, reasons=(WORK, OTHER))) == [
        Sentence("rules.reasons", {"reasons": (WORK, OTHER)})
    ]
    assert said(replace(POLICY, reasons=None)) == []


@pytest.mark.parametrize(
    ("listed", "warned"),
    [
        ((ILL, OTHER), True),
        ((ILL, OwnReason("other", (("en", "Other"),), NONE)), True),
        ((ILL, OwnReason("other", (("en", "Other"),))), False),
        ((ILL, FUNERAL, OTHER), False),
        (None, False),
    ],
)
def test_a_list_on_which_every_reason_is_free_is_warned_about(
    listed: tuple[OwnReason, ...] | None,
    warned: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    policy = replace(POLICY, reasons=listed)
    found = warnings(policy, [], NEVER_CLOSED, "USD")
    warning = PolicyWarning(WarningCode.EVERY_REASON_FREE, "/rules/reasons")
    assert (warning in found) is warned


def test_free_reasons_are_no_matter_where_nothing_costs_anything() -> None:
    assert warnings(Policy(reasons=(ILL, OTHER)), [], NEVER_CLOSED, "USD") == []
