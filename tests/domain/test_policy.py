"""The cancellation policy: every rule of product.md section 2, at its limit and one step beyond."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.money import Money
from app.domain.policy.costs import Cost, cost_for_staff
from app.domain.policy.deadlines import deadline_instant, move_window
from app.domain.policy.decide import RefusalCode, Term, decide, is_allowed, terms
from app.domain.policy.rules import (
    FREE_UNTIL_THE_START,
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Deadline,
    Policy,
    RescheduleRule,
    Tier,
    WallClock,
)
from app.domain.session import SessionFacts, Status
from tests.domain.builders import (
    AUCKLAND,
    DR_WU,
    HONOLULU,
    LONDON,
    LORD_HOWE,
    MICROSECOND,
    NEW_YORK,
    at,
    fixed,
    hours_before,
    percent,
    session,
    span,
    usd,
    wall_clock,
)

START = at("2026-06-10T15:00Z")
"""The start of `session()`: 11:00 on a Wednesday in New York."""

FREE = Cost(fee=None, credit=None)

# The actions that have rules of their own.
WITH_RULES = [Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT]

NOT_BOOKED = [Status.CANCELLED, Status.FULFILLED, Status.NOSHOW]


def closing(closes: Deadline) -> Policy:
    """Build a policy in which all actions have the same deadline."""
    return Policy(
        cancel=CancelRule(closes=closes),
        reschedule=RescheduleRule(closes=closes),
        change_format=ChangeFormatRule(closes=closes),
    )


def charging(*tiers: Tier) -> Policy:
    """Build a policy that charges for cancelling, and therefore for rescheduling."""
    return Policy(cancel=CancelRule(fees=tiers))


def disabling(action: Action) -> Policy:
    return Policy(
        cancel=CancelRule(enabled=action is not Action.CANCEL),
        reschedule=RescheduleRule(enabled=action is not Action.RESCHEDULE),
        change_format=ChangeFormatRule(enabled=action is not Action.CHANGE_FORMAT),
    )


def refusal_code(
    policy: Policy,
    action: Action,
    facts: SessionFacts,
    now: datetime,
    *,
    quoted: Cost | None = None,
) -> RefusalCode | None:
    refusal = decide(policy, action, facts, now, quoted=quoted).refusal
    if quoted is None:
        assert is_allowed(policy, action, facts, now) == (refusal is None)
    return refusal.code if refusal else None


def fee_at(policy: Policy, notice: timedelta, facts: SessionFacts | None = None) -> Money | None:
    """Return the fee for cancelling that long before the start."""
    facts = facts or session()
    cost = decide(policy, Action.CANCEL, facts, facts.starts_at - notice).cost
    assert cost is not None
    return cost.fee


# Deadlines


@pytest.mark.parametrize("action", WITH_RULES)
@pytest.mark.parametrize(
    ("closes", "deadline"),
    [
        pytest.param(hours_before(24), "2026-06-09T11:00-04:00", id="elapsed"),
        pytest.param(wall_clock(1, "17:00"), "2026-06-09T17:00-04:00", id="wall-clock"),
        pytest.param(wall_clock(0, "08:00"), "2026-06-10T08:00-04:00", id="the-same-day"),
    ],
)
def test_exactly_on_the_deadline_is_in_time_and_a_microsecond_later_is_late(
    action: Action, closes: Deadline, deadline: str
) -> None:
    policy = closing(closes)
    on_it = decide(policy, action, session(), at(deadline))
    assert on_it.allowed
    assert is_allowed(policy, action, session(), at(deadline))
    assert on_it.closes_at == at(deadline)

    late = decide(policy, action, session(), at(deadline) + MICROSECOND)
    assert not late.allowed
    assert not is_allowed(policy, action, session(), at(deadline) + MICROSECOND)
    assert late.cost is None
    assert late.refusal is not None
    assert late.refusal.code is RefusalCode.NOTICE_TOO_SHORT
    assert late.refusal.deadline == at(deadline)
    assert late.refusal.contact == DR_WU


@pytest.mark.parametrize(
    ("starts_at", "deadline"),
    [
        pytest.param("2026-03-08T12:00-04:00", "2026-03-07T11:00-05:00", id="clocks-go-forward"),
        pytest.param("2026-11-01T12:00-05:00", "2026-10-31T13:00-04:00", id="clocks-go-back"),
    ],
)
def test_elapsed_notice_is_counted_in_utc_so_that_dst_never_shortens_it(
    starts_at: str, deadline: str
) -> None:
    """Also for a start in a local zone, where Python's subtraction uses wall times."""
    instant = deadline_instant(hours_before(24), at(starts_at), NEW_YORK)
    assert instant == at(deadline)
    on_the_wall = at(starts_at).astimezone(NEW_YORK)
    assert deadline_instant(hours_before(24), on_the_wall, NEW_YORK) == at(deadline)


@pytest.mark.parametrize(
    ("deadline", "starts_at", "zone", "instant"),
    [
        pytest.param(
            wall_clock(1, "17:00"),
            "2026-06-10T15:00Z",
            LONDON,
            "2026-06-09T17:00+01:00",
            id="the-practitioners-zone-not-utc",
        ),
        pytest.param(
            wall_clock(1, "17:00"),
            "2026-12-03T19:00Z",  # 08:00 on the 4th in Auckland
            AUCKLAND,
            "2026-12-03T17:00+13:00",
            id="the-day-before-is-a-local-day-east",
        ),
        pytest.param(
            wall_clock(1, "17:00"),
            "2026-12-04T05:00Z",  # 19:00 on the 3rd in Honolulu
            HONOLULU,
            "2026-12-02T17:00-10:00",
            id="the-day-before-is-a-local-day-west",
        ),
        pytest.param(
            wall_clock(1, "17:00"),
            "2026-03-08T12:00-04:00",
            NEW_YORK,
            "2026-03-07T17:00-05:00",
            id="before-the-change-its-own-offset",
        ),
        pytest.param(
            wall_clock(0, "02:30"),
            "2026-03-08T12:00-04:00",
            NEW_YORK,
            "2026-03-08T03:30-04:00",
            id="new-york-gap",
        ),
        pytest.param(
            wall_clock(0, "01:30"),
            "2026-11-01T12:00-05:00",
            NEW_YORK,
            "2026-11-01T01:30-05:00",
            id="new-york-fold",
        ),
        pytest.param(
            wall_clock(1, "01:30"),
            "2026-03-30T12:00+01:00",
            LONDON,
            "2026-03-29T02:30+01:00",
            id="london-gap",
        ),
        pytest.param(
            wall_clock(1, "01:30"),
            "2026-10-26T12:00+00:00",
            LONDON,
            "2026-10-25T01:30+00:00",
            id="london-fold",
        ),
        pytest.param(
            wall_clock(0, "02:15"),
            "2026-10-04T12:00+11:00",
            LORD_HOWE,
            "2026-10-04T02:45+11:00",
            id="lord-howe-gap",
        ),
        pytest.param(
            wall_clock(0, "01:45"),
            "2026-04-05T12:00+10:30",
            LORD_HOWE,
            "2026-04-05T01:45+10:30",
            id="lord-howe-fold",
        ),
    ],
)
def test_a_wall_clock_deadline_follows_the_zone_and_an_ambiguous_one_favours_the_client(
    deadline: WallClock, starts_at: str, zone: ZoneInfo, instant: str
) -> None:
    assert deadline_instant(deadline, at(starts_at), zone) == at(instant)


@pytest.mark.parametrize(
    ("starts_at", "clock"),
    [
        pytest.param("2026-06-10T15:00Z", "18:00", id="later-on-the-day"),
        pytest.param("2026-11-01T01:45-04:00", "01:50", id="only-in-the-later-reading-of-a-fold"),
        pytest.param("2026-03-08T03:10-04:00", "02:30", id="pushed-out-of-a-gap"),
    ],
)
def test_a_deadline_is_never_after_the_start(starts_at: str, clock: str) -> None:
    assert deadline_instant(wall_clock(0, clock), at(starts_at), NEW_YORK) == at(starts_at)


@pytest.mark.parametrize("action", WITH_RULES)
def test_without_a_deadline_an_action_is_open_until_the_start(action: Action) -> None:
    decision = decide(FREE_UNTIL_THE_START, action, session(), START - MICROSECOND)
    assert decision.allowed
    assert decision.cost == FREE
    assert decision.closes_at == decision.free_until == START


# Fees


def test_cancelling_is_free_until_a_tier_has_passed() -> None:
    policy = charging(percent(hours_before(24), "50"))
    assert fee_at(policy, timedelta(hours=24)) is None
    assert fee_at(policy, timedelta(hours=24) - MICROSECOND) == usd(6_000)


@pytest.mark.parametrize(
    ("now", "fee"),
    [
        pytest.param("2026-06-08T15:00:00Z", None, id="on-the-loosest"),
        pytest.param("2026-06-08T15:00:01Z", usd(1_000), id="past-48-hours"),
        pytest.param("2026-06-09T17:00:00-04:00", usd(1_000), id="on-the-evening-before"),
        pytest.param("2026-06-09T17:00:01-04:00", usd(6_000), id="past-the-evening-before"),
        pytest.param("2026-06-10T13:00:00Z", usd(6_000), id="on-2-hours"),
        pytest.param("2026-06-10T13:00:01Z", usd(12_000), id="past-2-hours"),
    ],
)
@pytest.mark.parametrize("order", [1, -1], ids=["in-order", "reversed"])
def test_of_the_passed_tiers_of_both_kinds_the_latest_applies(
    now: str, fee: Money | None, order: int
) -> None:
    tiers = (
        fixed(hours_before(48), 1_000),
        percent(wall_clock(1, "17:00"), "50"),
        percent(hours_before(2), "100"),
    )
    cost = decide(charging(*tiers[::order]), Action.CANCEL, session(), at(now)).cost
    assert cost == Cost(fee, None)


def test_the_latest_passed_tier_applies_even_if_it_is_cheaper() -> None:
    policy = charging(fixed(hours_before(48), 5_000), fixed(hours_before(24), 2_000))
    assert fee_at(policy, timedelta(hours=30)) == usd(5_000)
    assert fee_at(policy, timedelta(hours=20)) == usd(2_000)


@pytest.mark.parametrize("order", [1, -1], ids=["in-order", "reversed"])
def test_of_two_tiers_at_one_instant_the_cheaper_applies(order: int) -> None:
    """11:00 on the day before is 24 hours before 11:00. product.md names no rule for this case."""
    tiers = (fixed(hours_before(24), 3_000), percent(wall_clock(1, "11:00"), "50"))
    assert fee_at(charging(*tiers[::order]), timedelta(hours=1)) == usd(3_000)


@pytest.mark.parametrize(
    ("tier", "price", "fee"),
    [
        pytest.param(fixed(hours_before(24), 2_500), 12_000, usd(2_500), id="fixed"),
        pytest.param(fixed(hours_before(24), 2_500), 1_000, usd(2_500), id="fixed-is-as-written"),
        pytest.param(percent(hours_before(24), "50"), 12_345, usd(6_172), id="half-even-down"),
        pytest.param(percent(hours_before(24), "50"), 12_347, usd(6_174), id="half-even-up"),
        pytest.param(percent(hours_before(24), "100"), 12_345, usd(12_345), id="whole-price"),
        pytest.param(percent(hours_before(24), "100"), 0, None, id="of-a-free-session"),
        pytest.param(percent(hours_before(24), "50"), 1, None, id="rounded-to-zero"),
        pytest.param(percent(hours_before(24), "0"), 12_000, None, id="zero-percent"),
        pytest.param(fixed(hours_before(24), 0), 12_000, None, id="zero-fixed"),
    ],
)
def test_a_fee_is_fixed_or_a_share_of_the_price_and_zero_means_no_fee(
    tier: Tier, price: int, fee: Money | None
) -> None:
    assert fee_at(charging(tier), timedelta(hours=1), session(price=price)) == fee


def test_a_percent_fee_uses_the_booked_price_also_if_a_package_pays() -> None:
    policy = charging(percent(hours_before(24), "50"))
    cost = decide(policy, Action.CANCEL, session(paid_by_credit=True), START - MICROSECOND).cost
    assert cost == Cost(usd(6_000), Credit.RETURNED)


def test_a_cost_is_free_only_without_fee_and_without_a_lost_credit() -> None:
    assert Cost(None, None).is_free
    assert Cost(None, Credit.RETURNED).is_free
    assert Cost(None, Credit.KEPT).is_free
    assert not Cost(usd(1), Credit.RETURNED).is_free
    assert not Cost(None, Credit.FORFEITED).is_free


# Credit


@pytest.mark.parametrize(
    ("late_credit", "paid_by_credit", "hours", "cost"),
    [
        pytest.param(Credit.RETURNED, True, 24, Cost(None, Credit.RETURNED), id="in-time"),
        pytest.param(
            Credit.RETURNED, True, 23, Cost(usd(6_000), Credit.RETURNED), id="late-returned"
        ),
        pytest.param(
            Credit.FORFEITED, True, 24, Cost(None, Credit.RETURNED), id="forfeited-only-if-late"
        ),
        pytest.param(
            Credit.FORFEITED, True, 23, Cost(None, Credit.FORFEITED), id="forfeited-replaces-fee"
        ),
        pytest.param(Credit.FORFEITED, False, 24, FREE, id="no-credit-in-time"),
        pytest.param(Credit.FORFEITED, False, 23, Cost(usd(6_000), None), id="no-credit-late"),
    ],
)
def test_cancelling_late_returns_or_forfeits_the_credit(
    late_credit: Credit, *, paid_by_credit: bool, hours: int, cost: Cost
) -> None:
    policy = Policy(
        cancel=CancelRule(fees=(percent(hours_before(24), "50"),), late_credit=late_credit)
    )
    facts = session(paid_by_credit=paid_by_credit)
    assert decide(policy, Action.CANCEL, facts, START - timedelta(hours=hours)).cost == cost


def test_a_credit_is_forfeited_after_any_tier_even_one_without_a_fee() -> None:
    policy = Policy(
        cancel=CancelRule(fees=(fixed(hours_before(24), 0),), late_credit=Credit.FORFEITED)
    )
    cost = decide(policy, Action.CANCEL, session(paid_by_credit=True), START - MICROSECOND).cost
    assert cost == Cost(None, Credit.FORFEITED)


@pytest.mark.parametrize("action", [Action.RESCHEDULE, Action.CHANGE_FORMAT])
@pytest.mark.parametrize("hours", [48, 1], ids=["in-time", "late"])
def test_a_move_keeps_the_credit(action: Action, hours: int) -> None:
    tiers = (fixed(hours_before(24), 1_500),)
    policy = Policy(
        cancel=CancelRule(fees=tiers, late_credit=Credit.FORFEITED),
        change_format=ChangeFormatRule(fees=tiers),
    )
    facts = session(paid_by_credit=True)
    cost = decide(policy, action, facts, START - timedelta(hours=hours)).cost
    assert cost is not None
    assert (cost.fee, cost.credit) == (usd(1_500) if hours == 1 else None, Credit.KEPT)


# Rescheduling


@pytest.mark.parametrize(
    ("own", "fee"),
    [
        pytest.param(None, usd(6_000), id="those-of-cancel"),
        pytest.param((fixed(hours_before(24), 1_000),), usd(1_000), id="its-own"),
        pytest.param((fixed(hours_before(1), 1_000),), None, id="its-own-not-yet-passed"),
        pytest.param((), None, id="its-own-none-at-all"),
    ],
)
def test_rescheduling_has_the_fees_of_cancelling_unless_it_has_its_own(
    own: tuple[Tier, ...] | None, fee: Money | None
) -> None:
    policy = Policy(
        cancel=CancelRule(fees=(percent(hours_before(24), "50"),)),
        reschedule=RescheduleRule(fees=own),
    )
    now = START - timedelta(hours=2)
    moving = decide(policy, Action.RESCHEDULE, session(), now).cost
    assert moving is not None
    assert (moving.fee, moving.credit) == (fee, None)
    assert decide(policy, Action.CANCEL, session(), now).cost == Cost(usd(6_000), None)


def test_changing_the_format_never_has_the_fees_of_cancelling() -> None:
    policy = charging(percent(hours_before(24), "50"))
    assert decide(policy, Action.CHANGE_FORMAT, session(), START - MICROSECOND).cost == FREE


@pytest.mark.parametrize(
    ("limit", "moves", "code"),
    [
        pytest.param(None, 99, None, id="no-limit"),
        pytest.param(2, 1, None, id="one-left"),
        pytest.param(2, 2, RefusalCode.RESCHEDULE_LIMIT_REACHED, id="reached"),
        pytest.param(0, 0, RefusalCode.RESCHEDULE_LIMIT_REACHED, id="never"),
    ],
)
def test_a_client_moves_a_session_at_most_as_often_as_the_limit(
    limit: int | None, moves: int, code: RefusalCode | None
) -> None:
    policy = Policy(reschedule=RescheduleRule(limit=limit))
    now = START - timedelta(hours=1)
    facts = session(client_moves=moves)
    assert refusal_code(policy, Action.RESCHEDULE, facts, now) is code
    assert decide(policy, Action.CANCEL, facts, now).allowed
    assert decide(policy, Action.CHANGE_FORMAT, facts, now).allowed


def test_a_session_without_a_maximum_distance_may_be_moved_to_any_date() -> None:
    assert move_window(FREE_UNTIL_THE_START, session()) is None


@pytest.mark.parametrize(
    ("facts", "days", "first", "after_last"),
    [
        pytest.param(
            session("2026-06-10T15:00Z"),
            7,
            "2026-06-03T00:00-04:00",
            "2026-06-18T00:00-04:00",
            id="both-directions",
        ),
        pytest.param(
            session("2026-06-10T15:00Z"),
            0,
            "2026-06-10T00:00-04:00",
            "2026-06-11T00:00-04:00",
            id="the-same-day-only",
        ),
        pytest.param(
            session("2026-06-20T15:00Z", booked_for="2026-06-10T15:00Z"),
            1,
            "2026-06-09T00:00-04:00",
            "2026-06-12T00:00-04:00",
            id="from-the-booked-start-not-the-present",
        ),
        pytest.param(
            session("2026-06-11T02:00Z"),  # 22:00 on the 10th in New York
            1,
            "2026-06-09T00:00-04:00",
            "2026-06-12T00:00-04:00",
            id="local-dates-not-utc",
        ),
        pytest.param(
            session("2026-12-03T19:00Z", zone=AUCKLAND),  # 08:00 on the 4th in Auckland
            1,
            "2026-12-03T00:00+13:00",
            "2026-12-06T00:00+13:00",
            id="local-dates-east",
        ),
        pytest.param(
            session("2026-03-07T15:00Z"),
            2,
            "2026-03-05T00:00-05:00",
            "2026-03-10T00:00-04:00",
            id="over-a-dst-change",
        ),
    ],
)
def test_the_maximum_distance_is_counted_in_the_practitioners_local_dates(
    facts: SessionFacts, days: int, first: str, after_last: str
) -> None:
    policy = Policy(reschedule=RescheduleRule(max_days_from_original=days))
    assert move_window(policy, facts) == span(first, after_last)


# Refusals


@pytest.mark.parametrize("action", WITH_RULES)
def test_a_disabled_action_is_refused_and_has_no_instants_and_no_terms(action: Action) -> None:
    decision = decide(disabling(action), action, session(), START - timedelta(days=9))
    assert decision.refusal is not None
    assert decision.refusal.code is RefusalCode.ACTION_DISABLED
    assert decision.refusal.deadline is None
    assert decision.refusal.contact == DR_WU
    assert (decision.cost, decision.free_until, decision.closes_at) == (None, None, None)
    assert terms(disabling(action), action, session()) == []


@pytest.mark.parametrize("action", WITH_RULES)
def test_disabling_one_action_leaves_the_others(action: Action) -> None:
    others = [other for other in WITH_RULES if other is not action]
    now = START - timedelta(days=9)
    assert all(decide(disabling(action), other, session(), now).allowed for other in others)


@pytest.mark.parametrize("action", WITH_RULES)
@pytest.mark.parametrize(
    ("now", "code"),
    [
        pytest.param(START - MICROSECOND, None, id="a-microsecond-before"),
        pytest.param(START, RefusalCode.SESSION_STARTED, id="exactly-at-the-start"),
        pytest.param(START + timedelta(days=1), RefusalCode.SESSION_STARTED, id="long-after"),
    ],
)
def test_a_client_cannot_change_a_session_that_has_started(
    action: Action, now: datetime, code: RefusalCode | None
) -> None:
    decision = decide(FREE_UNTIL_THE_START, action, session(), now)
    assert refusal_code(FREE_UNTIL_THE_START, action, session(), now) is code
    assert decision.allowed is (code is None)
    if decision.refusal:
        assert decision.refusal.deadline is None


def test_the_start_is_an_instant_and_not_a_wall_time() -> None:
    """In the repeated hour, 01:30 occurs twice; the session starts at the second one."""
    facts = session("2026-11-01T01:30-05:00")
    on_the_wall = replace(facts, starts_at=facts.starts_at.astimezone(NEW_YORK))
    an_hour_before = at("2026-11-01T01:30-04:00").astimezone(NEW_YORK)
    assert decide(FREE_UNTIL_THE_START, Action.CANCEL, on_the_wall, an_hour_before).allowed


@pytest.mark.parametrize("action", WITH_RULES)
@pytest.mark.parametrize("status", NOT_BOOKED)
def test_a_session_that_is_not_booked_can_be_neither_cancelled_nor_moved(
    action: Action, status: Status
) -> None:
    decision = decide(
        FREE_UNTIL_THE_START, action, session(status=status), START - timedelta(days=9)
    )
    assert decision.refusal is not None
    assert decision.refusal.code is RefusalCode.SESSION_NOT_BOOKED
    assert decision.refusal.deadline is None
    assert decision.refusal.contact == DR_WU
    assert decision.cost is None


@pytest.mark.parametrize(
    ("policy", "facts", "now", "code"),
    [
        pytest.param(
            disabling(Action.RESCHEDULE),
            session(status=Status.CANCELLED),
            START,
            RefusalCode.SESSION_NOT_BOOKED,
            id="status-before-all",
        ),
        pytest.param(
            disabling(Action.RESCHEDULE),
            session(),
            START,
            RefusalCode.SESSION_STARTED,
            id="start-before-enabled",
        ),
        pytest.param(
            Policy(reschedule=RescheduleRule(enabled=False, closes=hours_before(24), limit=0)),
            session(),
            START - MICROSECOND,
            RefusalCode.ACTION_DISABLED,
            id="enabled-before-deadline",
        ),
        pytest.param(
            Policy(reschedule=RescheduleRule(closes=hours_before(24), limit=0)),
            session(),
            START - MICROSECOND,
            RefusalCode.NOTICE_TOO_SHORT,
            id="deadline-before-limit",
        ),
    ],
)
def test_of_several_reasons_the_most_final_is_reported(
    policy: Policy, facts: SessionFacts, now: datetime, code: RefusalCode
) -> None:
    assert refusal_code(policy, Action.RESCHEDULE, facts, now) is code


# Instants and terms


TIERED = Policy(
    cancel=CancelRule(
        closes=hours_before(2),
        fees=(percent(hours_before(48), "25"), percent(hours_before(24), "50")),
    )
)


@pytest.mark.parametrize(
    ("facts", "now"),
    [
        pytest.param(session(), START - timedelta(days=30), id="long-before"),
        pytest.param(session(), START - timedelta(hours=30), id="past-free-until"),
        pytest.param(session(), START - MICROSECOND, id="past-both"),
        pytest.param(session(), START + timedelta(days=30), id="past-the-session"),
        pytest.param(session(status=Status.CANCELLED), START, id="not-booked"),
    ],
)
def test_free_until_and_closes_at_are_the_policys_instants_even_in_the_past(
    facts: SessionFacts, now: datetime
) -> None:
    decision = decide(TIERED, Action.CANCEL, facts, now)
    assert decision.free_until == at("2026-06-08T15:00Z")
    assert decision.closes_at == at("2026-06-10T13:00Z")


@pytest.mark.parametrize(
    ("policy", "free_until"),
    [
        pytest.param(closing(hours_before(24)), "2026-06-09T15:00Z", id="free-until-it-closes"),
        pytest.param(
            charging(fixed(hours_before(24), 0), fixed(hours_before(2), 500)),
            "2026-06-10T13:00Z",
            id="a-tier-without-a-fee-is-free",
        ),
        pytest.param(
            Policy(cancel=CancelRule(closes=hours_before(24), fees=(fixed(hours_before(2), 500),))),
            "2026-06-09T15:00Z",
            id="a-tier-after-closing-is-never-reached",
        ),
    ],
)
def test_free_until_is_the_last_instant_that_costs_nothing(policy: Policy, free_until: str) -> None:
    assert decide(policy, Action.CANCEL, session(), START).free_until == at(free_until)


def test_the_free_period_ends_when_a_credit_would_be_forfeited() -> None:
    policy = Policy(
        cancel=CancelRule(fees=(fixed(hours_before(24), 0),), late_credit=Credit.FORFEITED)
    )
    with_credit = decide(policy, Action.CANCEL, session(paid_by_credit=True), START)
    without = decide(policy, Action.CANCEL, session(), START)
    assert with_credit.free_until == at("2026-06-09T15:00Z")
    assert without.free_until == START


def test_terms_show_what_an_action_costs_until_when() -> None:
    assert terms(TIERED, Action.CANCEL, session()) == [
        Term(at("2026-06-08T15:00Z"), FREE),
        Term(at("2026-06-09T15:00Z"), Cost(usd(3_000), None)),
        Term(at("2026-06-10T13:00Z"), Cost(usd(6_000), None)),
    ]


def test_terms_of_rescheduling_are_those_of_cancelling_until_rescheduling_closes() -> None:
    assert terms(TIERED, Action.RESCHEDULE, session(paid_by_credit=True)) == [
        Term(at("2026-06-08T15:00Z"), Cost(None, Credit.KEPT)),
        Term(at("2026-06-09T15:00Z"), Cost(usd(3_000), Credit.KEPT)),
        Term(at("2026-06-10T13:00Z"), Cost(usd(6_000), Credit.KEPT)),
    ]


def test_a_free_action_has_one_term_until_it_closes() -> None:
    assert terms(TIERED, Action.CHANGE_FORMAT, session()) == [Term(START, FREE)]


def test_terms_show_a_credit_that_is_returned_in_time_and_forfeited_later() -> None:
    policy = Policy(
        cancel=CancelRule(
            fees=(fixed(hours_before(48), 500), percent(hours_before(24), "50")),
            late_credit=Credit.FORFEITED,
        )
    )
    assert terms(policy, Action.CANCEL, session(paid_by_credit=True)) == [
        Term(at("2026-06-08T15:00Z"), Cost(None, Credit.RETURNED)),
        Term(START, Cost(None, Credit.FORFEITED)),
    ]


def test_neighbouring_terms_of_equal_cost_are_joined() -> None:
    policy = charging(fixed(hours_before(48), 6_000), percent(hours_before(24), "50"))
    assert terms(policy, Action.CANCEL, session()) == [
        Term(at("2026-06-08T15:00Z"), FREE),
        Term(START, Cost(usd(6_000), None)),
    ]


def test_terms_leave_out_tiers_at_or_after_closing() -> None:
    policy = Policy(
        cancel=CancelRule(
            closes=hours_before(24),
            fees=(fixed(hours_before(24), 500), fixed(hours_before(2), 900)),
        )
    )
    assert terms(policy, Action.CANCEL, session()) == [Term(at("2026-06-09T15:00Z"), FREE)]


def test_terms_do_not_depend_on_status_or_moves() -> None:
    policy = Policy(cancel=TIERED.cancel, reschedule=RescheduleRule(limit=1))
    final = session(status=Status.FULFILLED, client_moves=5)
    for action in WITH_RULES:
        assert terms(policy, action, final) == terms(policy, action, session())


# A quote that is honoured


CLOSED = Policy(
    cancel=CancelRule(closes=hours_before(24)),
    reschedule=RescheduleRule(closes=hours_before(24), limit=1),
    change_format=ChangeFormatRule(closes=hours_before(24)),
)


@pytest.mark.parametrize("action", WITH_RULES)
def test_a_quoted_cost_overrides_the_deadline_up_to_the_start(action: Action) -> None:
    late = START - MICROSECOND
    decision = decide(CLOSED, action, session(), late, quoted=FREE)
    assert refusal_code(CLOSED, action, session(), late) is RefusalCode.NOTICE_TOO_SHORT
    assert decision.allowed
    assert decision.cost == FREE
    assert decision.closes_at == at("2026-06-09T15:00Z")


@pytest.mark.parametrize(
    ("policy", "facts", "now", "code"),
    [
        pytest.param(CLOSED, session(), START, RefusalCode.SESSION_STARTED, id="start"),
        *(
            pytest.param(
                CLOSED,
                session(status=status),
                START - MICROSECOND,
                RefusalCode.SESSION_NOT_BOOKED,
                id=f"status-{status}",
            )
            for status in NOT_BOOKED
        ),
        pytest.param(
            disabling(Action.RESCHEDULE),
            session(),
            START - MICROSECOND,
            RefusalCode.ACTION_DISABLED,
            id="enabled",
        ),
        pytest.param(
            CLOSED,
            session(client_moves=1),
            START - MICROSECOND,
            RefusalCode.RESCHEDULE_LIMIT_REACHED,
            id="limit",
        ),
    ],
)
def test_a_quoted_cost_never_overrides_anything_else(
    policy: Policy, facts: SessionFacts, now: datetime, code: RefusalCode
) -> None:
    assert refusal_code(policy, Action.RESCHEDULE, facts, now, quoted=FREE) is code


@pytest.mark.parametrize(
    ("quoted", "due", "paid"),
    [
        pytest.param(FREE, Cost(usd(6_000), None), FREE, id="quoted-free"),
        pytest.param(
            Cost(usd(3_000), None), Cost(usd(6_000), None), Cost(usd(3_000), None), id="quoted-less"
        ),
        pytest.param(
            Cost(usd(6_000), None), Cost(usd(3_000), None), Cost(usd(3_000), None), id="due-less"
        ),
        pytest.param(Cost(usd(6_000), None), FREE, FREE, id="due-free"),
        pytest.param(
            Cost(None, Credit.RETURNED),
            Cost(None, Credit.FORFEITED),
            Cost(None, Credit.RETURNED),
            id="quoted-returned-due-forfeited",
        ),
        pytest.param(
            Cost(None, Credit.FORFEITED),
            Cost(None, Credit.RETURNED),
            Cost(None, Credit.RETURNED),
            id="quoted-forfeited-due-returned",
        ),
        pytest.param(
            Cost(None, Credit.FORFEITED),
            Cost(None, Credit.FORFEITED),
            Cost(None, Credit.FORFEITED),
            id="forfeited-both-times",
        ),
        pytest.param(
            Cost(usd(3_000), Credit.RETURNED),
            Cost(None, Credit.FORFEITED),
            Cost(None, Credit.RETURNED),
            id="no-fee-of-one-and-credit-of-the-other",
        ),
    ],
)
def test_fee_and_credit_are_each_the_better_of_quoted_and_due_now(
    quoted: Cost, due: Cost, paid: Cost
) -> None:
    """The policy is built so that cancelling now costs exactly `due`."""
    late_credit = due.credit or Credit.RETURNED
    tiers = (fixed(hours_before(24), due.fee.amount_minor if due.fee else 0),)
    policy = Policy(cancel=CancelRule(fees=tiers, late_credit=late_credit))
    facts = session(paid_by_credit=due.credit is not None)
    now = START - timedelta(hours=1)
    assert decide(policy, Action.CANCEL, facts, now).cost == due
    assert decide(policy, Action.CANCEL, facts, now, quoted=quoted).cost == paid


def test_a_quoted_cost_above_the_present_cost_is_ignored() -> None:
    decision = decide(TIERED, Action.CANCEL, session(), at("2026-06-01T00:00Z"), quoted=FREE)
    assert decision.cost == FREE
    dearer = Cost(usd(99_999), None)
    decision = decide(TIERED, Action.CANCEL, session(), at("2026-06-01T00:00Z"), quoted=dearer)
    assert decision.cost == FREE


def test_a_move_with_a_quote_keeps_its_credit() -> None:
    quoted = Cost(None, Credit.KEPT)
    facts = session(paid_by_credit=True)
    decision = decide(TIERED, Action.RESCHEDULE, facts, START - MICROSECOND, quoted=quoted)
    assert decision.cost == quoted


# What staff do


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("action", WITH_RULES)
def test_an_action_of_staff_without_a_charge_costs_nothing(action: Action, status: Status) -> None:
    policy = charging(fixed(hours_before(10_000), 4500))
    facts = session(status=status)
    assert cost_for_staff(policy, action, facts, START, charged=False) == FREE


@pytest.mark.parametrize(
    ("charged", "late_credit", "cost"),
    [
        (False, Credit.FORFEITED, Cost(None, Credit.RETURNED)),
        (True, Credit.FORFEITED, Cost(None, Credit.FORFEITED)),
        (True, Credit.RETURNED, Cost(usd(4500), Credit.RETURNED)),
    ],
)
def test_a_credit_is_returned_unless_staff_charge(
    charged: bool,  # noqa: FBT001
    late_credit: Credit,
    cost: Cost,
) -> None:
    tiers = (fixed(hours_before(24), 4500),)
    policy = Policy(cancel=CancelRule(fees=tiers, late_credit=late_credit))
    facts = session(paid_by_credit=True)
    assert cost_for_staff(policy, Action.CANCEL, facts, START, charged=charged) == cost


def test_a_move_by_staff_keeps_the_credit() -> None:
    policy = charging(fixed(hours_before(24), 4500))
    facts = session(paid_by_credit=True)
    for charged, fee in ((True, usd(4500)), (False, None)):
        cost = cost_for_staff(policy, Action.RESCHEDULE, facts, START, charged=charged)
        assert cost == Cost(fee, Credit.KEPT)


def test_staff_charge_the_policys_cost_also_if_the_client_may_not_act() -> None:
    """A deadline, the start and a disabled rule do not restrict staff."""
    after = START + timedelta(days=2)
    closed = CancelRule(
        enabled=False, closes=hours_before(48), fees=(percent(hours_before(24), "50"),)
    )
    assert cost_for_staff(
        Policy(cancel=closed), Action.CANCEL, session(), after, charged=True
    ) == Cost(usd(6000), None)


def test_exactly_at_the_start_a_tier_that_ends_with_it_has_not_passed() -> None:
    """So app/sessions/commands/attendance.py decides a missed session just after its start."""
    policy = charging(fixed(hours_before(0), 4500))
    for now, fee in ((START, None), (START + MICROSECOND, usd(4500))):
        assert cost_for_staff(policy, Action.CANCEL, session(), now, charged=True).fee == fee
