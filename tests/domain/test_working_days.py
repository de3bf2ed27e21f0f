"""Deadlines that count working days: which instant they have, and that it is frozen."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.policy.decide import decide, is_allowed, terms
from app.domain.policy.document import parse_rules
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    Deadline,
    Policy,
    RescheduleRule,
    Tier,
    WorkingDays,
)
from app.domain.policy.working_days import (
    NEVER_CLOSED,
    ClosedDays,
    FrozenDeadline,
    freeze_deadlines,
    working_day_deadlines,
)
from app.domain.session import SessionFacts
from app.domain.zones import latest_reading
from tests.domain.builders import (
    AUCKLAND,
    HAVANA,
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
    wall_clock,
)
from tests.examples import at_most

BERLIN = ZoneInfo("Europe/Berlin")
WEEKEND = frozenset({6, 7})
DAY = timedelta(days=1)
ACTIONS = [Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT, Action.ABSENCE]


def working(days: int, clock: str) -> WorkingDays:
    return WorkingDays(days, time.fromisoformat(clock))


def closing(deadline: Deadline) -> Policy:
    """Make a policy that closes everything at a deadline."""
    return Policy(cancel=CancelRule(closes=deadline))


def closed_on(*dates: str, weekdays: frozenset[int] = frozenset()) -> ClosedDays:
    return ClosedDays(weekdays, frozenset(date.fromisoformat(day) for day in dates))


def instant(
    days: int,
    clock: str,
    starts_at: str,
    closed: ClosedDays = NEVER_CLOSED,
    zone: ZoneInfo = NEW_YORK,
) -> datetime:
    """Give the instant of a deadline for a start."""
    ((_, found),) = freeze_deadlines(closing(working(days, clock)), at(starts_at), zone, closed)
    return found


def frozen(policy: Policy, facts: SessionFacts, closed: ClosedDays) -> SessionFacts:
    """Give the facts of a session that is booked now under a policy."""
    deadlines = freeze_deadlines(policy, facts.starts_at, facts.zone, closed)
    return replace(facts, frozen_deadlines=deadlines)


def test_without_closed_days_it_counts_calendar_days() -> None:
    starts_at = "2026-06-10T11:00-04:00"  # a Wednesday
    assert instant(2, "16:00", starts_at) == at("2026-06-08T16:00-04:00")
    assert instant(0, "08:00", starts_at) == at("2026-06-10T08:00-04:00")


def test_closed_weekdays_and_holidays_are_skipped_over_new_year() -> None:
    """Monday 4 January: the weekend, New Year and a holiday lie before it."""
    closed = closed_on("2026-12-25", "2027-01-01", weekdays=WEEKEND)
    starts_at = "2027-01-04T10:00+01:00"
    assert instant(1, "16:00", starts_at, closed, BERLIN) == at("2026-12-31T16:00+01:00")
    assert instant(2, "16:00", starts_at, closed, BERLIN) == at("2026-12-30T16:00+01:00")
    more = closed_on("2026-12-31", "2026-12-25", "2027-01-01", weekdays=WEEKEND)
    assert instant(2, "16:00", starts_at, more, BERLIN) == at("2026-12-29T16:00+01:00")
    assert instant(4, "16:00", starts_at, more, BERLIN) == at("2026-12-24T16:00+01:00")


def test_zero_working_days_are_the_date_itself_also_if_it_is_closed() -> None:
    sunday, closed = "2026-06-14T11:00-04:00", closed_on("2026-06-13", weekdays=WEEKEND)
    assert instant(0, "08:00", sunday, closed) == at("2026-06-14T08:00-04:00")
    assert instant(1, "08:00", sunday, closed) == at("2026-06-12T08:00-04:00")


def test_a_practice_that_is_closed_five_days_a_week_counts_the_other_two() -> None:
    """It works on Tuesdays and Thursdays. The start is on a Thursday."""
    closed = ClosedDays(frozenset({1, 3, 5, 6, 7}))
    starts_at = "2026-06-11T11:00-04:00"
    found = [instant(days, "16:00", starts_at, closed).date() for days in range(1, 5)]
    assert found == [date(2026, 6, day) for day in (9, 4, 2)] + [date(2026, 5, 28)]


def test_the_date_is_that_of_the_sessions_zone() -> None:
    """The same instant is Monday in Auckland, and Sunday in Honolulu."""
    starts_at, closed = "2026-06-15T09:00+12:00", ClosedDays(frozenset({7}))
    assert instant(1, "12:00", starts_at, closed, AUCKLAND) == at("2026-06-13T12:00+12:00")
    assert instant(1, "12:00", starts_at, closed, HONOLULU) == at("2026-06-13T12:00-10:00")


def test_it_is_never_after_the_start() -> None:
    assert instant(0, "16:00", "2026-06-10T11:00-04:00") == at("2026-06-10T11:00-04:00")


@pytest.mark.parametrize(
    ("starts_at", "clock", "expected"),
    [
        ("2026-03-09T11:00-04:00", "02:30", "2026-03-08T03:30-04:00"),
        ("2026-11-02T11:00-05:00", "01:30", "2026-11-01T01:30-05:00"),
    ],
    ids=["gap", "fold"],
)
def test_a_wall_time_in_a_gap_or_fold_has_its_later_reading(
    starts_at: str, clock: str, expected: str
) -> None:
    assert instant(1, clock, starts_at) == at(expected)


def test_with_too_few_working_days_it_is_366_days_before_the_date() -> None:
    """The practice was closed for longer. No day is counted that was not one."""
    starts_on = date(2026, 6, 10)
    year = frozenset(starts_on - number * DAY for number in range(1, 500))
    starts_at = "2026-06-10T11:00-04:00"
    bound = at("2025-06-09T16:00-04:00")
    assert instant(1, "16:00", starts_at, ClosedDays(dates=year)) == bound
    first_open = ClosedDays(dates=year - {date(2025, 6, 9)})
    assert instant(1, "16:00", starts_at, first_open) == bound
    assert instant(2, "16:00", starts_at, first_open) == bound


def test_each_deadline_of_a_policy_is_frozen_once() -> None:
    closes, tier, late = working(1, "16:00"), working(2, "16:00"), working(2, "09:00")
    policy = Policy(
        cancel=CancelRule(closes=closes, fees=(fixed(tier, 500), fixed(wall_clock(1, "09:00"), 9))),
        reschedule=RescheduleRule(closes=late, fees=(fixed(tier, 300),)),
        change_format=ChangeFormatRule(closes=hours_before(2), fees=(fixed(closes, 1),)),
    )
    assert working_day_deadlines(policy) == [closes, late, tier]
    assert working_day_deadlines(replace(policy, reschedule=RescheduleRule())) == [closes, tier]
    assert working_day_deadlines(Policy()) == []
    assert freeze_deadlines(Policy(), at("2026-06-10T15:00Z"), NEW_YORK, NEVER_CLOSED) == ()


def test_a_stored_document_names_working_days() -> None:
    policy = parse_rules(
        {
            "cancel": {
                "closes": {"working_days": 1, "at": "12:00"},
                "fees": [{"deadline": {"working_days": 2, "at": "16:00"}, "percent": "50"}],
            }
        }
    )
    assert policy.cancel.closes == working(1, "12:00")
    assert policy.cancel.fees == (percent(working(2, "16:00"), "50"),)


def test_decisions_use_the_frozen_instants_and_nothing_else() -> None:
    policy = Policy(
        cancel=CancelRule(
            closes=working(1, "12:00"),
            fees=(percent(working(2, "16:00"), "50"),),
        )
    )
    weekend = ClosedDays(WEEKEND)
    facts = frozen(policy, session("2026-06-15T15:00Z"), weekend)  # a Monday
    free, closes = at("2026-06-11T16:00-04:00"), at("2026-06-12T12:00-04:00")
    in_time = decide(policy, Action.CANCEL, facts, free)
    assert (in_time.free_until, in_time.closes_at) == (free, closes)
    assert in_time.cost is not None
    assert in_time.cost.is_free
    late = decide(policy, Action.CANCEL, facts, free + MICROSECOND)
    assert late.cost is not None
    assert late.cost.fee is not None
    assert late.cost.fee.amount_minor == 6000
    assert decide(policy, Action.RESCHEDULE, facts, closes).allowed
    refused = decide(policy, Action.RESCHEDULE, facts, closes + MICROSECOND)
    assert refused.refusal is not None
    assert refused.refusal.deadline == closes
    # The same decision whatever the practice's calendar is by then: it is not an argument.
    assert facts.frozen_deadlines == (
        FrozenDeadline(working(1, "12:00"), closes),
        FrozenDeadline(working(2, "16:00"), free),
    )


def test_a_session_without_its_frozen_instants_fails_loudly() -> None:
    with pytest.raises(KeyError):
        decide(closing(working(1, "16:00")), Action.CANCEL, session(), at("2026-06-01T12:00Z"))


# Any policy, any practice

AROUND = [
    (NEW_YORK, date(2026, 3, 8)),
    (NEW_YORK, date(2026, 11, 1)),
    (LONDON, date(2026, 3, 29)),
    (LORD_HOWE, date(2026, 10, 4)),
    (HAVANA, date(2026, 11, 1)),
    (AUCKLAND, date(2026, 12, 31)),
    (BERLIN, date(2027, 1, 4)),
]
CLOCKS = st.sampled_from([time(0), time(1, 30), time(2, 15), time(2, 30), time(16)]) | st.times()
WORKING = st.builds(WorkingDays, st.integers(0, 50), CLOCKS)
NEAR = st.builds(WorkingDays, st.integers(0, 3), CLOCKS)
OTHERS = st.integers(0, 100).map(hours_before) | st.integers(0, 6).map(
    lambda days: wall_clock(days, "16:00")
)


@st.composite
def starts(draw: st.DrawFn) -> tuple[datetime, ZoneInfo]:
    """Draw a start near a change of clocks, or near New Year."""
    zone, day = draw(st.sampled_from(AROUND))
    midnight = datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
    return midnight + timedelta(minutes=draw(st.integers(-24 * 60, 96 * 60))), zone


@st.composite
def closed_days(draw: st.DrawFn, starts_at: datetime) -> ClosedDays:
    """Draw up to six weekdays, and holidays of a year, one by one and in long rows."""
    weekdays = draw(st.frozensets(st.integers(1, 7), max_size=6))
    single = draw(st.frozensets(st.integers(-3, 30), max_size=8))
    first, length = draw(st.integers(0, 300)), draw(st.integers(0, 400))
    before = {*single, *range(first, first + length)}
    return ClosedDays(weekdays, frozenset(starts_at.date() - number * DAY for number in before))


@st.composite
def booked(draw: st.DrawFn) -> tuple[Policy, SessionFacts]:
    """Draw a policy with deadlines of all kinds, and a session that is booked under it."""
    deadline = NEAR | OTHERS
    fees = st.lists(
        st.builds(fixed, deadline, st.integers(0, 9000)),
        max_size=3,
    ).map(tuple)
    policy = Policy(
        cancel=CancelRule(
            closes=draw(st.none() | deadline),
            fees=draw(fees),
            late_credit=draw(st.sampled_from([Credit.RETURNED, Credit.FORFEITED])),
        ),
        reschedule=RescheduleRule(closes=draw(st.none() | deadline), fees=draw(st.none() | fees)),
        change_format=ChangeFormatRule(closes=draw(st.none() | deadline), fees=draw(fees)),
    )
    starts_at, zone = draw(starts())
    facts = session(starts_at.isoformat(), zone=zone, paid_by_credit=draw(st.booleans()))
    return policy, frozen(policy, facts, draw(closed_days(starts_at)))


def naive(deadline: WorkingDays, starts_at: datetime, zone: ZoneInfo, closed: ClosedDays) -> date:
    """Walk back day by day: list all working days of the 366 days before, the latest first."""
    starts_on = starts_at.astimezone(zone).date()
    if deadline.days == 0:
        return starts_on
    year = [starts_on - number * DAY for number in range(1, 367)]
    open_days = [
        day for day in year if day.isoweekday() not in closed.weekdays and day not in closed.dates
    ]
    return open_days[deadline.days - 1] if len(open_days) >= deadline.days else year[-1]


@at_most(200)
@given(st.data(), WORKING, starts())
def test_counting_equals_a_naive_walk(
    data: st.DataObject, deadline: WorkingDays, start: tuple[datetime, ZoneInfo]
) -> None:
    starts_at, zone = start
    closed = data.draw(closed_days(starts_at))
    ((_, found),) = freeze_deadlines(closing(deadline), starts_at, zone, closed)
    day = naive(deadline, starts_at, zone, closed)
    assert found == min(latest_reading(day, deadline.at, zone), starts_at)
    assert found.tzinfo is UTC


@at_most(200)
@given(st.data(), WORKING, starts(), st.integers(-5, 380))
def test_a_holiday_before_booking_makes_no_deadline_later(
    data: st.DataObject, deadline: WorkingDays, start: tuple[datetime, ZoneInfo], ago: int
) -> None:
    """More closed days move a deadline back, or leave it; never beyond a year."""
    starts_at, zone = start
    closed = data.draw(closed_days(starts_at))
    holiday = starts_at.date() - ago * DAY
    more = closed._replace(dates=closed.dates | {holiday})
    ((_, before),) = freeze_deadlines(closing(deadline), starts_at, zone, closed)
    ((_, after),) = freeze_deadlines(closing(deadline), starts_at, zone, more)
    assert after <= before
    assert starts_at - after < timedelta(days=368)


@at_most(200)
@given(booked(), st.sampled_from(ACTIONS))
def test_terms_equal_decisions_around_every_deadline_to_the_microsecond(
    judged: tuple[Policy, SessionFacts], action: Action
) -> None:
    policy, facts = judged
    timeline = terms(policy, action, facts)
    instants = {found for _, found in facts.frozen_deadlines} | {term.until for term in timeline}
    for around in sorted(instants):
        for now in (around - MICROSECOND, around, around + MICROSECOND):
            decision = decide(policy, action, facts, now)
            assert decision.allowed is is_allowed(policy, action, facts, now)
            if action is Action.ABSENCE and not decision.allowed:
                continue
            term = next((term for term in timeline if now <= term.until), None)
            is_open = term is not None and now < facts.starts_at
            assert decision.allowed is is_open
            if term is not None and is_open:
                assert decision.cost == term.cost


def test_tiers_may_have_any_deadline() -> None:
    tier: Tier = fixed(working(1, "16:00"), 500)
    policy = Policy(cancel=CancelRule(fees=(tier,)))
    facts = frozen(policy, session(), ClosedDays(frozenset({2})))  # on Wednesday 10 June
    assert [term.until for term in terms(policy, Action.CANCEL, facts)] == [
        at("2026-06-08T16:00-04:00"),
        facts.starts_at,
    ]
