"""What is said of a policy, and when. All sentences over HTTP: tests/api/practice/test_proof.py."""

from dataclasses import replace
from datetime import time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.domain.policy.rules import (
    UNTIL_THE_START,
    Action,
    Allowance,
    CancelRule,
    Credit,
    ElapsedNotice,
    PercentFee,
    Policy,
    RebookRule,
    RescheduleRule,
    Tier,
    WallClock,
    WithinDays,
    WithinIsoWeek,
)
from app.domain.policy.sentences import Sentence, sentences


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            RescheduleRule(free_if_within=WithinDays(7)),
            [Sentence("rules.free-within-days", {"count": 7}, 7)],
        ),
        (RescheduleRule(free_if_within=WithinIsoWeek()), [Sentence("rules.free-within-week")]),
        (
            RescheduleRule(limit=2, max_days_from_original=30),
            [
                Sentence("rules.limit", {"count": 2}, 2),
                Sentence("rules.max-days", {"count": 30}, 30),
            ],
        ),
    ],
)
def test_bounds_are_said_only_where_clients_may_move_their_sessions(
    rule: RescheduleRule, said: list[Sentence]
) -> None:
    everything = sentences(Policy(reschedule=rule))
    assert [one for one in everything if one in said] == said
    never = sentences(Policy(reschedule=replace(rule, enabled=False)))
    assert Sentence("rules.reschedule.never") in never
    assert not any(one in said for one in never)


def keys(policy: Policy) -> list[str]:
    return [sentence.key.removeprefix("rules.") for sentence in sentences(policy)]


DAY_BEFORE = ElapsedNotice(timedelta(days=1))
HALF, FULL = PercentFee(Decimal(50)), PercentFee(Decimal(100))
LATE = Policy(cancel=CancelRule(fees=(Tier(DAY_BEFORE, FULL),)), free_after_practice_move=False)
CLOSED = replace(LATE, cancel=replace(LATE.cancel, closes=DAY_BEFORE))
NEVER = replace(LATE, cancel=replace(LATE.cancel, enabled=False))
FORMAT = "change-format.free"


def test_a_deadline_late_on_the_day_itself_is_said() -> None:
    """A session in the evening passes it, whatever a start at noon does."""
    evening = Tier(WallClock(0, time(17)), FULL)
    policy = replace(LATE, cancel=CancelRule(fees=(evening,)))
    assert keys(policy) == ["cancel.free-until", "then.full", "reschedule.same", FORMAT]


def test_a_tier_at_the_start_applies_to_missed_sessions_only() -> None:
    policy = replace(LATE, cancel=CancelRule(fees=(Tier(UNTIL_THE_START, FULL),)))
    assert keys(policy)[:2] == ["cancel.free", "missed.full"]


@pytest.mark.parametrize(
    ("cancel", "said"),
    [
        (
            {"late_credit": Credit.FORFEITED, "refilled": 80, "release": True},
            ["cancel.free-until", "then.full", "credit-forfeited", "refilled", "release"],
        ),
        (
            {"closes": DAY_BEFORE, "refilled": 80, "late_credit": Credit.FORFEITED},
            ["cancel.free-until", "closed", "missed.full", "credit-forfeited"],
        ),
        ({"fees": (), "refilled": 80}, ["cancel.free"]),
        ({"enabled": False, "release": True}, ["cancel.never", "missed.full"]),
    ],
)
def test_what_falls_away_is_the_cost_that_is_said_before_it(
    cancel: dict[str, Any], said: list[str]
) -> None:
    policy = replace(LATE, cancel=replace(LATE.cancel, **cancel))
    assert keys(policy)[: len(said)] == said
    assert not {"refilled", "release", "missed.full"} & set(keys(policy)[len(said) :])


@pytest.mark.parametrize("changed", [{"refilled": 80}, {"late_credit": Credit.FORFEITED}])
def test_the_same_is_said_only_directly_after_the_times_of_cancelling(
    changed: dict[str, Any],
) -> None:
    said = keys(replace(LATE, cancel=replace(LATE.cancel, **changed)))
    assert "reschedule.same" not in said
    assert "reschedule.free-until" in said
    assert "reschedule.same" in keys(LATE)


@pytest.mark.parametrize(
    ("policy", "carried"),
    [
        (LATE, None),
        (replace(LATE, cancel=CancelRule(), reschedule=RescheduleRule(fees=())), None),
        (replace(LATE, reschedule=RescheduleRule(fees=())), "carried"),
        (replace(LATE, reschedule=RescheduleRule(free_if_within=WithinDays(7))), "carried"),
        (replace(CLOSED, reschedule=RescheduleRule(closes=UNTIL_THE_START)), "carried"),
        (replace(LATE, reschedule=RescheduleRule(closes=DAY_BEFORE)), None),
        (
            replace(LATE, cancel=replace(LATE.cancel, late_credit=Credit.FORFEITED)),
            "carried",
        ),
        (NEVER, "carried-always"),
        (replace(NEVER, reschedule=RescheduleRule(enabled=False)), None),
    ],
)
def test_it_is_said_where_a_move_can_carry_a_cost(policy: Policy, carried: str | None) -> None:
    assert [key for key in keys(policy) if key.startswith("carried")] == [carried] * bool(carried)


@pytest.mark.parametrize(
    ("cancels", "moves", "limit", "kind"),
    [
        (True, True, None, "both"),
        (True, False, None, "cancel"),
        (False, True, None, "reschedule"),
        (False, False, None, None),
    ],
)
def test_what_is_free_or_open_again_is_said_only_of_what_clients_may_do(
    *, cancels: bool, moves: bool, limit: int | None, kind: str | None
) -> None:
    policy = replace(
        LATE,
        cancel=replace(LATE.cancel, enabled=cancels),
        reschedule=RescheduleRule(
            enabled=moves, limit=limit, max_days_from_original=3, free_if_within=WithinDays(7)
        ),
        grace=timedelta(hours=1),
        free_after_practice_move=True,
        allowance=Allowance(1, None, frozenset({Action.CANCEL, Action.RESCHEDULE})),
        rebook=RebookRule(30, credited=False),
    )
    said = keys(policy)
    for part in ("grace", "practice-move", "allowance"):
        found = [key for key in said if key.startswith(f"{part}.")]
        assert found == [f"{part}.{kind}"] * bool(kind)
    bounds = {"rebook-stands", "free-within-days", "max-days"}
    assert bounds & set(said) == (bounds if moves else set())


def test_without_moves_that_count_those_that_do_not_are_still_said() -> None:
    """In the grace, after a move by the practice, and after its cancellation; none by allowance."""
    policy = replace(
        LATE,
        reschedule=RescheduleRule(limit=0, free_if_within=WithinDays(7)),
        grace=timedelta(hours=1),
        allowance=Allowance(1),
        rebook=RebookRule(30),
    )
    said = keys(policy)
    assert {"reschedule.never", "grace.both", "allowance.cancel", "rebook-stands"} <= set(said)
    assert "free-within-days" not in said
    only_moves = replace(policy, allowance=Allowance(1, None, frozenset({Action.RESCHEDULE})))
    assert not any(key.startswith("allowance") for key in keys(only_moves))


def test_of_two_deadlines_late_on_the_day_the_earlier_one_is_said_too() -> None:
    closes, evening = WallClock(0, time(17)), Tier(WallClock(0, time(15)), FULL)
    policy = replace(LATE, cancel=CancelRule(closes=closes, fees=(evening,)))
    assert keys(policy)[:3] == ["cancel.free-until", "then-until.full", "closed"]


@pytest.mark.parametrize(("cancel", "when"), [(LATE.cancel, "then"), (CLOSED.cancel, "missed")])
def test_of_two_tiers_with_one_deadline_only_the_one_that_applies_is_said(
    cancel: CancelRule, when: str
) -> None:
    both = (Tier(DAY_BEFORE, HALF), Tier(DAY_BEFORE, FULL))
    said = keys(replace(LATE, cancel=replace(cancel, fees=both)))
    assert f"{when}.half" in said
    assert f"{when}.full" not in said
