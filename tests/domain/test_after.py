"""What cancelling costs right after a session is booked or moved."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.policy.after import (
    CancelAfter,
    OfferedSession,
    cancel_after,
    facts_once_accepted,
    facts_once_booked,
)
from app.domain.policy.costs import Cost
from app.domain.policy.decide import decide
from app.domain.policy.document import parse_rules
from app.domain.policy.rules import Action, FixedFee, Policy, Tier, WorkingDays
from app.domain.policy.working_days import NEVER_CLOSED, ClosedDays, freeze_deadlines
from app.domain.session import SessionFacts
from tests.domain.builders import NEW_YORK, at, usd
from tests.domain.builders import session as facts
from tests.domain.test_properties import NOTICES, booked_sessions, policies_with_limits
from tests.examples import at_most

NOW = at("2026-06-09T18:00Z")
SOON, LATER = at("2026-06-10T14:00Z"), at("2026-06-17T14:00Z")
HALF = parse_rules({"cancel": {"fees": [{"deadline": {"before_minutes": 1440}, "percent": "50"}]}})
WORKING_DAYS = {"cancel": {"closes": {"working_days": 2, "at": "16:00"}}}


def test_an_offer_inside_the_fee_window_costs_at_once() -> None:
    later = facts("2026-06-17T14:00Z")
    assert decide(HALF, Action.CANCEL, later, NOW).cost == Cost(None, None)
    after = facts_once_accepted(HALF, later, SOON, NEVER_CLOSED)
    assert cancel_after(HALF, after, NOW) == CancelAfter(
        Cost(usd(6000), None), SOON - timedelta(days=1)
    )


def test_deadlines_in_working_days_are_those_of_the_new_start() -> None:
    policy = parse_rules(WORKING_DAYS)
    frozen = freeze_deadlines(policy, LATER, NEW_YORK, NEVER_CLOSED)
    later = replace(facts("2026-06-17T14:00Z"), frozen_deadlines=frozen)
    after = facts_once_accepted(
        policy, later, at("2026-06-15T14:00Z"), ClosedDays(frozenset({6, 7}))
    )
    assert cancel_after(policy, after, NOW).free_until == at("2026-06-11T20:00Z")
    assert cancel_after(policy, after, at("2026-06-12T00:00Z")).cost is None


@pytest.mark.parametrize("is_new", [True, False])
def test_only_a_booking_begins_a_grace(*, is_new: bool) -> None:
    policy = replace(HALF, grace=timedelta(minutes=30))
    booked = facts_once_booked(
        policy,
        SOON,
        NEW_YORK,
        usd(12_000),
        NEVER_CLOSED,
        paid_by_credit=False,
        is_seat=False,
        booked_at=None,
    )
    found = OfferedSession(policy, booked, is_new=is_new).cancel_after(NOW)
    if is_new:
        assert found == CancelAfter(Cost(None, None), NOW + timedelta(minutes=30))
    else:
        assert found.cost == Cost(usd(6000), None)


@at_most(200)
@given(policies_with_limits(), booked_sessions(), NOTICES, NOTICES, st.integers(0, 2))
def test_it_is_what_the_decision_says_after_the_acceptance(
    policy: Policy,
    present: SessionFacts,
    sooner: timedelta,
    before: timedelta,
    working_days: int,
) -> None:
    """All that an acceptance changes is the start, its deadlines and the open move request."""
    policy = _with_working_days(policy, working_days)
    closed = ClosedDays(frozenset({7}))
    frozen = freeze_deadlines(policy, present.starts_at, present.zone, NEVER_CLOSED)
    present = replace(present, frozen_deadlines=frozen)
    start = present.starts_at - sooner
    now: datetime = start - before
    accepted = replace(
        present,
        starts_at=start,
        answer_by=None,
        frozen_deadlines=freeze_deadlines(policy, start, present.zone, closed),
    )
    decision = decide(policy, Action.CANCEL, accepted, now)
    after = facts_once_accepted(policy, present, start, closed)
    found = OfferedSession(policy, after, is_new=False).cancel_after(now)
    assert found == CancelAfter(decision.cost, decision.free_until, decision.uses_allowance)


@at_most(100)
@given(policies_with_limits(), booked_sessions(), NOTICES)
def test_it_does_not_depend_on_the_present_start(
    policy: Policy, present: SessionFacts, before: timedelta
) -> None:
    start = present.starts_at - timedelta(days=1)
    now = start - before
    later = replace(present, starts_at=present.starts_at + timedelta(days=7))
    first, second = (
        cancel_after(policy, facts_once_accepted(policy, one, start, NEVER_CLOSED), now)
        for one in (present, later)
    )
    assert first == second


def _with_working_days(policy: Policy, days: int) -> Policy:
    """Let a fee of a cancellation begin so many working days before the start; 0: none does."""
    if days == 0:
        return policy
    tier = Tier(WorkingDays(days, at("2026-01-01T16:00Z").time()), FixedFee(4500))
    return replace(policy, cancel=replace(policy.cancel, fees=(tier,)))
