"""Properties that hold for any input: slots compared with an oracle, and what a client pays.

The oracle decides for each possible start separately (every five minutes), by wall times, whether
it may be offered. It shares no code with app/domain/availability.py.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from random import Random
from typing import TypeVar
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.domain.availability import (
    BusySession,
    Calendar,
    CurrentMeeting,
    EmptyReason,
    HoursInterval,
    Slot,
    SlotRules,
    SlotSearch,
    WorkingHours,
    nearest,
    offer,
    search_ranges,
)
from app.domain.intervals import Interval, merge
from app.domain.money import Money
from app.domain.policy.costs import Cost
from app.domain.policy.deadlines import deadline_instant
from app.domain.policy.decide import decide, is_allowed, terms
from app.domain.policy.free import FreeBecause
from app.domain.policy.rules import (
    Action,
    CancelRule,
    ChangeFormatRule,
    Credit,
    ElapsedNotice,
    FixedFee,
    PercentFee,
    Policy,
    RescheduleRule,
    Tier,
    WallClock,
    WithinDays,
    WithinIsoWeek,
)
from app.domain.policy.targets import is_free_target
from app.domain.session import Format, SessionFacts, Status
from app.domain.zones import (
    constant_offsets,
    from_seconds,
    latest_reading,
    start_of_day,
    to_seconds,
)
from tests.domain.builders import (
    AUCKLAND,
    DR_WU,
    HAVANA,
    HONOLULU,
    LONDON,
    LORD_HOWE,
    MICROSECOND,
    NEW_YORK,
)
from tests.examples import at_most

T = TypeVar("T")

GRID = timedelta(minutes=5)

# A zone and a date: clocks go forward, go back, change at midnight, or do not change that week.
WEEKS = [
    (NEW_YORK, date(2026, 3, 8)),
    (NEW_YORK, date(2026, 11, 1)),
    (NEW_YORK, date(2026, 6, 10)),
    (LONDON, date(2026, 3, 29)),
    (LONDON, date(2026, 10, 25)),
    (LORD_HOWE, date(2026, 4, 5)),
    (LORD_HOWE, date(2026, 10, 4)),
    (HAVANA, date(2026, 3, 8)),
    (HAVANA, date(2026, 11, 1)),
    (AUCKLAND, date(2026, 12, 31)),
    (HONOLULU, date(2026, 12, 31)),
]


# Any input of `offer`


@dataclass(frozen=True)
class Question:
    """All input of `offer`."""

    calendar: Calendar
    rules: SlotRules
    request: SlotSearch
    window: Interval
    now: int

    def slots(self, window: Interval | None = None) -> list[Slot]:
        return offer(self.calendar, self.rules, self.request, window or self.window, self.now).slots


def fives(lowest: int, highest: int) -> st.SearchStrategy[int]:
    """Draw minutes that are multiples of five."""
    return st.integers(lowest // 5, highest // 5).map(lambda number: number * 5)


@st.composite
def openings(draw: st.DrawFn) -> HoursInterval:
    """Draw hours that often touch midnight or include the time at which clocks change."""
    start = draw(st.sampled_from([0, 60, 90, 120, 1200]) | fives(0, 1435))
    length = draw(st.sampled_from([30, 60, 1440]) | fives(5, 1440))
    format_ = draw(st.sampled_from([None, None, None, Format.VIDEO]))
    return HoursInterval(start, min(start + length, 1440), format_)


@st.composite
def weeks_of_hours(draw: st.DrawFn, zone: ZoneInfo, day: date) -> WorkingHours:
    """Draw the same hours for all days, or different hours for each, with some overrides."""
    daily = st.lists(openings(), min_size=1, max_size=3)
    weekdays = range(1, 8)
    days = st.integers(-3, 3).map(lambda distance: day + timedelta(days=distance))
    return WorkingHours(
        zone=zone,
        weekly=dict.fromkeys(weekdays, draw(daily))
        if draw(st.booleans())
        else {weekday: draw(daily) for weekday in weekdays},
        overrides=draw(st.dictionaries(days, daily | st.just([]), max_size=2)),
    )


def mostly(usual: T, otherwise: st.SearchStrategy[T]) -> st.SearchStrategy[T]:
    """Draw a value that leaves slots to offer, and in one of six cases another value."""
    return st.integers(0, 5).flatmap(lambda die: otherwise if die == 5 else st.just(usual))


@st.composite
def questions(draw: st.DrawFn) -> Question:
    """Draw input about the two days around a date at which the rules of its zone matter."""
    zone, day = draw(st.sampled_from(WEEKS))
    midnight = to_seconds(datetime.combine(day, time(0), tzinfo=zone))
    on_the_grid = st.integers(-24 * 12, 48 * 12).map(lambda steps: midnight + steps * 300)
    anywhere = on_the_grid | st.integers(midnight - 24 * 3600, midnight + 48 * 3600)
    lengths = (st.sampled_from([15, 30, 50, 60]) | fives(5, 360)).map(lambda m: m * 60)
    buffers = st.sampled_from([0, 0, 300, 900, 1800])
    odd = st.integers(0, 3600)
    near = draw(st.integers(0, 3)) == 3
    start = draw(on_the_grid)
    return Question(
        calendar=Calendar(
            hours=draw(weeks_of_hours(zone, day)),
            sessions=[
                BusySession(other, other + draw(lengths), draw(buffers), draw(buffers))
                for other in draw(st.lists(anywhere, max_size=4))
            ],
            blocked=[
                Interval(block, block + draw(lengths))
                for block in draw(st.lists(anywhere, max_size=2))
            ],
            sessions_per_day=draw(mostly(None, st.integers(1, 3))),
            sessions_per_week=draw(mostly(None, st.integers(1, 5))),
        ),
        rules=SlotRules(
            duration=draw(lengths),
            buffer_before=draw(buffers),
            buffer_after=draw(buffers),
            step=draw(st.sampled_from([5, 15, 30, 45, 50, 60, 420])) * 60,
            minimum_notice=draw(st.sampled_from([0, 3600, 12 * 3600])),
            horizon_days=draw(st.integers(0, 2)) if near else 366,
        ),
        request=SlotSearch(
            format=draw(st.sampled_from([Format.VIDEO, Format.PHONE])),
            location_ids=[None],
            present=CurrentMeeting(draw(anywhere), draw(st.sampled_from(Format)), None),
            may_move=draw(mostly(usual=True, otherwise=st.just(value=False))),
            may_change_format=draw(st.booleans()),
            move_window=draw(mostly(None, st.just(Interval(midnight, midnight + 86_400)))),
        ),
        window=Interval(start, start + draw(st.sampled_from([12, 24, 48])) * 3600 - draw(odd)),
        now=draw(anywhere) if near else midnight - 30 * 86_400,
    )


# The oracle


class Oracle:
    """Decides about one start at a time, using only wall times."""

    def __init__(self, question: Question) -> None:
        self.calendar = question.calendar
        self.rules = question.rules
        self.request = question.request
        self.now = question.now
        self.zone = question.calendar.hours.zone
        self.origins: dict[date, datetime] = {}

    def starts(self, window: Interval) -> list[int]:
        first = -(-window.start // 300) * 300
        moves = [start for start in range(first, window.end, 300) if self.may_move_to(start)]
        present = self.request.present.start
        stays = window.start <= present < window.end and self.may_stay()
        return sorted(moves + [present] * stays)

    def may_move_to(self, start: int) -> bool:
        window = self.request.move_window
        return (
            self.request.may_move
            and start != self.request.present.start
            and start - self.now >= self.rules.minimum_notice
            and (window is None or window.start <= start < window.end)
            and self.is_open(self.wall(start))
            and self.is_on_the_step(start)
            and self.is_inside_the_horizon(start)
            and self.keeps_limits(start)
            and self.is_free(start)
            and self.is_worked(start)
        )

    def may_stay(self) -> bool:
        start = self.request.present.start
        return (
            self.request.may_change_format
            and self.request.format is not self.request.present.format
            and self.is_free(start)
            and self.is_worked(start)
        )

    def reason(self, window: Interval) -> EmptyReason:
        """Return the reason why nothing is offered in a range without slots."""
        if not self.request.may_move:
            return EmptyReason.RESCHEDULE_REFUSED
        limit = self.request.move_window or window
        first = max(window.start, limit.start, self.now + self.rules.minimum_notice)
        if first >= min(window.end, limit.end) or not self.is_inside_the_horizon(first):
            return EmptyReason.OUTSIDE_HORIZON
        fitting = [
            start
            for start in range(-(-window.start // 300) * 300, window.end, 300)
            if self.is_open(self.wall(start))
            and self.is_on_the_step(start)
            and self.is_worked(start)
        ]
        if not fitting:
            return EmptyReason.NO_WORKING_HOURS
        in_reach = any(
            first <= start < limit.end and self.is_inside_the_horizon(start) for start in fitting
        )
        return EmptyReason.FULLY_BOOKED if in_reach else EmptyReason.OUTSIDE_HORIZON

    def wall(self, instant: int) -> datetime:
        """Return the wall time, without a zone."""
        return datetime.fromtimestamp(instant, self.zone).replace(tzinfo=None, fold=0)

    def is_open(self, wall: datetime) -> bool:
        hours = self.calendar.hours
        day = wall.date()
        openings = hours.overrides.get(day, hours.weekly[day.isoweekday()])
        minute = wall.hour * 60 + wall.minute
        return any(
            opening.start_minute <= minute < opening.end_minute
            for opening in openings
            if opening.format is None or opening.format is self.request.format
        )

    def is_worked(self, start: int) -> bool:
        """Check every part of the slot. Each part is open or closed as a whole."""
        end = start + self.rules.duration
        edges = range(start - start % 300, end, 300)
        return all(self.is_open(self.wall(max(edge, start))) for edge in edges)

    def is_on_the_step(self, start: int) -> bool:
        wall = self.wall(start)
        midnight = datetime.combine(wall.date(), time(0))
        origin = self.opened(wall, midnight)
        if origin == midnight:
            if wall.date() not in self.origins:
                week_ago = midnight - timedelta(days=7)
                earliest = self.opened(midnight, week_ago)
                self.origins[wall.date()] = midnight if earliest == week_ago else earliest
            origin = self.origins[wall.date()]
        return (wall - origin).total_seconds() % self.rules.step == 0

    def opened(self, wall: datetime, earliest: datetime) -> datetime:
        """Return the wall time at which the hours that contain `wall` began."""
        while wall > earliest and self.is_open(wall - GRID):
            wall -= GRID
        return wall

    def is_inside_the_horizon(self, start: int) -> bool:
        distance = self.wall(start).date() - self.wall(self.now).date()
        return distance.days <= self.rules.horizon_days

    def keeps_limits(self, start: int) -> bool:
        day = self.wall(start).date()
        taken = [self.wall(session.start).date() for session in self.calendar.sessions]
        on_day = sum(other == day for other in taken)
        in_week = sum(other.isocalendar()[:2] == day.isocalendar()[:2] for other in taken)
        per_day, per_week = self.calendar.sessions_per_day, self.calendar.sessions_per_week
        return (per_day is None or on_day < per_day) and (per_week is None or in_week < per_week)

    def is_free(self, start: int) -> bool:
        rules = self.rules
        own = BusySession(start, start + rules.duration, rules.buffer_before, rules.buffer_after)
        for other in self.calendar.sessions:
            first, second = sorted([own, other], key=lambda session: session.start)
            if second.start - first.end < max(first.buffer_after, second.buffer_before):
                return False
        return all(
            own.end <= block.start or block.end <= own.start for block in self.calendar.blocked
        )


@at_most(120)
@given(questions())
def test_slots_are_exactly_those_of_the_oracle(question: Question) -> None:
    assert [slot.start for slot in question.slots()] == Oracle(question).starts(question.window)


@at_most(50)
@given(questions())
def test_no_slot_is_closer_to_another_session_than_the_larger_buffer(
    question: Question,
) -> None:
    rules = question.rules
    for slot in question.slots():
        end = slot.start + rules.duration
        for other in question.calendar.sessions:
            after_it = slot.start - other.end >= max(other.buffer_after, rules.buffer_before)
            before_it = other.start - end >= max(rules.buffer_after, other.buffer_before)
            assert after_it or before_it


@at_most(50)
@given(questions())
def test_every_slot_is_also_offered_in_a_search_for_it_alone(question: Question) -> None:
    for slot in question.slots():
        assert question.slots(Interval(slot.start, slot.start + 1)) == [slot]


@at_most(60)
@given(questions(), st.integers(0, 48 * 3600))
def test_the_range_of_a_search_does_not_change_which_slots_are_offered(
    question: Question, cut: int
) -> None:
    start, end = question.window
    middle = min(start + cut, end)
    parts = question.slots(Interval(start, middle)) + question.slots(Interval(middle, end))
    wider = question.slots(Interval(start - 90_000, end + 90_000))
    assert parts == question.slots()
    assert [slot for slot in wider if start <= slot.start < end] == parts


@at_most(40)
@given(questions(), st.randoms(use_true_random=False))
def test_the_order_of_busy_times_does_not_matter(question: Question, random: Random) -> None:
    sessions, blocked = list(question.calendar.sessions), list(question.calendar.blocked)
    random.shuffle(sessions)
    random.shuffle(blocked)
    calendar = replace(question.calendar, sessions=sessions, blocked=blocked)
    assert replace(question, calendar=calendar).slots() == question.slots()


@at_most(150)
@given(questions())
def test_a_reason_is_given_exactly_if_nothing_is_offered(question: Question) -> None:
    answer = offer(
        question.calendar, question.rules, question.request, question.window, question.now
    )
    assert (answer.empty_reason is None) is bool(answer.slots)
    if not answer.slots:
        assert answer.empty_reason is Oracle(question).reason(question.window)


WEEK = 7 * 24 * 3600


@st.composite
def wishes(draw: st.DrawFn) -> tuple[Question, float]:
    """Draw a requested start, often a week from a slot, with a short horizon and few rules."""
    question = draw(questions())
    now = question.now
    horizon = draw(st.integers(0, 12))
    days = st.integers(-10, 30).map(lambda number: now + number * 86_400)
    present = replace(question.request.present, start=draw(days) + draw(st.integers(0, 86_399)))
    found = replace(
        question,
        rules=replace(question.rules, horizon_days=horizon, step=3600),
        request=replace(question.request, present=present, move_window=None),
    )
    slots = [slot.start for slot in found.slots(everything(found))]
    near = st.sampled_from(slots or [now]).flatmap(
        lambda start: st.sampled_from([-WEEK, -1800, 0, 1800, WEEK]).map(lambda off: start + off)
    )
    anywhere = st.integers(now - 2 * WEEK, now + 5 * WEEK)
    part = draw(st.sampled_from([0.0, 0.0, 0.25, 0.5]))
    return found, draw(near | anywhere) + part


def everything(question: Question) -> Interval:
    """Return a range that contains all slots that the input of `wishes` can have."""
    return Interval(question.now - 5 * WEEK, question.now + 8 * WEEK)


@at_most(150)
@given(wishes())
def test_the_alternatives_are_the_nearest_of_all_slots(asked: tuple[Question, float]) -> None:
    """The search stops after the first range that contains enough slots."""
    question, wished = asked
    found: list[Slot] = []
    for window in search_ranges(question.rules, question.request, wished, question.now):
        found = nearest(question.slots(window), wished)
        if len(found) == 3:
            break
    exact = Fraction(wished)
    slots = question.slots(everything(question))
    assert found == sorted(slots, key=lambda slot: (abs(slot.start - exact), slot.start))[:3]


# What a client pays


def deadlines() -> st.SearchStrategy[ElapsedNotice | WallClock]:
    elapsed = st.integers(0, 15 * 24 * 60).map(
        lambda minutes: ElapsedNotice(timedelta(minutes=minutes))
    )
    clocks = st.sampled_from([time(1, 30), time(2, 15), time(2, 30), time(17)]) | st.times()
    return elapsed | st.builds(WallClock, st.integers(0, 14), clocks)


def tiers() -> st.SearchStrategy[tuple[Tier, ...]]:
    fees = st.builds(FixedFee, st.integers(0, 20_000)) | st.builds(
        PercentFee, st.decimals(0, 100, places=3)
    )
    return st.lists(st.builds(Tier, deadlines(), fees), max_size=4).map(tuple)


def graces() -> st.SearchStrategy[timedelta]:
    return st.just(timedelta()) | st.integers(1, 30 * 24 * 60).map(
        lambda minutes: timedelta(minutes=minutes)
    )


def policies() -> st.SearchStrategy[Policy]:
    """Draw policies without limits: their only reason to refuse is too little notice."""
    closes = st.none() | deadlines()
    return st.builds(
        Policy,
        cancel=st.builds(
            CancelRule,
            closes=closes,
            fees=tiers(),
            late_credit=st.sampled_from([Credit.RETURNED, Credit.FORFEITED]),
        ),
        reschedule=st.builds(
            RescheduleRule,
            closes=closes,
            fees=st.none() | tiers(),
            free_if_within=st.none()
            | st.builds(WithinDays, st.integers(0, 30))
            | st.just(WithinIsoWeek()),
        ),
        change_format=st.builds(ChangeFormatRule, closes=closes, fees=tiers()),
        free_after_practice_move=st.booleans(),
        grace=graces(),
    )


def policies_with_limits() -> st.SearchStrategy[Policy]:
    """Draw policies that may also disable an action, or limit the moves."""
    return st.builds(
        lambda policy, cancel, move, limit: replace(
            policy,
            cancel=replace(policy.cancel, enabled=cancel),
            reschedule=replace(policy.reschedule, enabled=move, limit=limit),
        ),
        policies(),
        st.booleans(),
        st.booleans(),
        st.none() | st.integers(0, 2),
    )


@st.composite
def booked_sessions(draw: st.DrawFn) -> SessionFacts:
    zone, day = draw(st.sampled_from(WEEKS))
    minutes = draw(st.integers(-24 * 60, 72 * 60))
    starts_at = datetime.combine(day, time(0), tzinfo=zone).astimezone(UTC)
    starts_at += timedelta(minutes=minutes)
    return SessionFacts(
        status=Status.BOOKED,
        starts_at=starts_at,
        booked_starts_at=starts_at,
        zone=zone,
        price=Money(draw(st.integers(0, 50_000)), "USD"),
        paid_by_credit=draw(st.booleans()),
        client_moves=0,
        carried=None,
        contact=DR_WU,
        moved_by_practice=draw(st.booleans()),
        answer_by=draw(st.none() | NOTICES.map(lambda notice: starts_at - notice)),
        grace_from=draw(st.none() | NOTICES.map(lambda notice: starts_at - notice)),
    )


def costs() -> st.SearchStrategy[Cost]:
    fees = st.none() | st.integers(1, 20_000).map(lambda amount: Money(amount, "USD"))
    return st.builds(Cost, fees, st.none() | st.sampled_from(Credit))


# The actions that have rules of their own.
ACTIONS = st.sampled_from([Action.CANCEL, Action.RESCHEDULE, Action.CHANGE_FORMAT])
NOTICES = st.timedeltas(timedelta(microseconds=1), timedelta(days=20))


def minor(fee: Money | None) -> int:
    return fee.amount_minor if fee else 0


@at_most(100)
@given(deadlines(), booked_sessions())
def test_a_deadline_is_never_after_the_start(
    deadline: ElapsedNotice | WallClock, facts: SessionFacts
) -> None:
    instant = deadline_instant(deadline, facts.starts_at, facts.zone)
    assert instant <= facts.starts_at
    if isinstance(deadline, ElapsedNotice):
        assert facts.starts_at - instant == deadline.before


@at_most(100)
@given(policies(), ACTIONS, booked_sessions())
def test_free_until_is_not_after_closes_at_which_is_not_after_the_start(
    policy: Policy, action: Action, facts: SessionFacts
) -> None:
    decision = decide(policy, action, facts, facts.starts_at)
    assert decision.free_until is not None
    assert decision.closes_at is not None
    assert decision.free_until <= decision.closes_at <= facts.starts_at


@at_most(100)
@given(st.integers(0, 10**9), st.decimals(0, 100, allow_nan=False))
def test_a_percentage_is_never_above_the_price_and_at_most_half_a_unit_off(
    price: int, percent: Decimal
) -> None:
    fee = Money(price, "USD").percent(percent).amount_minor
    assert 0 <= fee <= price
    assert abs(fee - Decimal(price) * percent / 100) <= Decimal("0.5")


@at_most(100)
@given(policies(), ACTIONS, booked_sessions(), NOTICES)
def test_an_action_is_allowed_exactly_up_to_its_deadline_and_then_has_a_cost(
    policy: Policy, action: Action, facts: SessionFacts, notice: timedelta
) -> None:
    now = facts.starts_at - notice
    decision = decide(policy, action, facts, now)
    assert decision.closes_at is not None
    assert decision.allowed is (now <= decision.closes_at)
    assert decision.allowed is (decision.cost is not None)


@at_most(100)
@given(policies(), ACTIONS, booked_sessions(), NOTICES)
def test_a_fee_is_never_zero_and_never_charged_with_a_forfeited_credit(
    policy: Policy, action: Action, facts: SessionFacts, notice: timedelta
) -> None:
    cost = decide(policy, action, facts, facts.starts_at - notice).cost
    if cost is not None and cost.fee is not None:
        assert cost.fee.amount_minor > 0
        assert cost.credit is not Credit.FORFEITED


@at_most(100)
@given(policies(), ACTIONS, booked_sessions(), NOTICES, NOTICES)
def test_a_quoted_action_stays_allowed_and_never_costs_more(
    policy: Policy, action: Action, facts: SessionFacts, one: timedelta, other: timedelta
) -> None:
    quoted = decide(policy, action, facts, facts.starts_at - max(one, other)).cost
    if quoted is None:
        return
    later = facts.starts_at - min(one, other)
    paid = decide(policy, action, facts, later, quoted=quoted).cost
    assert paid is not None
    assert minor(paid.fee) <= minor(quoted.fee)
    assert paid.credit is quoted.credit or quoted.credit is Credit.FORFEITED


@at_most(100)
@given(policies(), ACTIONS, booked_sessions(), NOTICES, costs())
def test_with_a_quote_neither_fee_nor_credit_is_worse_than_without(
    policy: Policy, action: Action, facts: SessionFacts, notice: timedelta, quoted: Cost
) -> None:
    now = facts.starts_at - notice
    due = decide(policy, action, facts, now).cost
    paid = decide(policy, action, facts, now, quoted=quoted).cost
    assert paid is not None
    assert minor(paid.fee) <= minor(quoted.fee)
    if due is not None:
        assert minor(paid.fee) == min(minor(quoted.fee), minor(due.fee))
        lost = {quoted.credit, due.credit} == {Credit.FORFEITED}
        assert (paid.credit is Credit.FORFEITED) is lost


@at_most(100)
@given(policies(), ACTIONS, booked_sessions(), NOTICES)
def test_the_terms_agree_with_the_decision_at_any_instant(
    policy: Policy, action: Action, facts: SessionFacts, notice: timedelta
) -> None:
    timeline = terms(policy, action, facts)
    untils = [term.until for term in timeline]
    assert untils == sorted(set(untils))
    edges = [edge for until in untils for edge in (until, until + MICROSECOND)]
    for now in [facts.starts_at - notice, *edges]:
        if now < facts.starts_at:
            told = next((term.cost for term in timeline if now <= term.until), None)
            assert decide(policy, action, facts, now).cost == told


def is_open_without_grace(
    policy: Policy, action: Action, facts: SessionFacts, now: datetime, quoted: Cost | None
) -> bool:
    """Tell whether the action is open by its deadline and `enabled`: grace lifts neither."""
    unlimited = replace(policy, reschedule=replace(policy.reschedule, limit=None))
    plain = replace(facts, grace_from=None)
    return decide(unlimited, action, plain, now, quoted=quoted).allowed


@at_most(200)
@given(policies_with_limits(), ACTIONS, booked_sessions(), NOTICES, st.none() | costs())
def test_nothing_that_makes_an_action_free_makes_any_decision_dearer(
    policy: Policy, action: Action, facts: SessionFacts, notice: timedelta, quoted: Cost | None
) -> None:
    """Compared with the same session that nobody moved or asked to move, and without grace."""
    facts = replace(facts, client_moves=1)
    plain = replace(facts, moved_by_practice=False, answer_by=None, grace_from=None)
    instants = [term.until for term in decide(policy, action, facts, facts.starts_at).timeline]
    for now in [facts.starts_at - notice, *instants]:
        without = decide(policy, action, plain, now, quoted=quoted)
        found = decide(policy, action, facts, now, quoted=quoted)
        assert without.free_because is None
        assert found.allowed or not without.allowed
        assert is_allowed(policy, action, facts, now) or not is_allowed(policy, action, plain, now)
        if found.free_because is FreeBecause.GRACE:
            assert is_open_without_grace(policy, action, facts, now, quoted)
        if found.free_because is not None:
            assert found.cost is not None
            assert found.cost.is_free
        elif without.cost is not None:
            assert found.cost == without.cost


def worth(cost: Cost, facts: SessionFacts) -> int:
    """Return what a move costs if its session is cancelled afterwards; a credit is the price."""
    carries = cost.carries
    if carries is None:
        return minor(cost.fee)
    forfeited = facts.price.amount_minor if carries.forfeits_credit else 0
    return minor(cost.fee) + max(minor(carries.fee), forfeited)


TARGETS = st.timedeltas(-timedelta(days=40), timedelta(days=40))


@at_most(200)
@given(policies_with_limits(), booked_sessions(), NOTICES, TARGETS)
def test_free_targets_make_no_move_dearer_and_open_none(
    policy: Policy, facts: SessionFacts, notice: timedelta, away: timedelta
) -> None:
    """Compared with the same policy without them; a decision about all has the dearest cost."""
    plain = replace(policy, reschedule=replace(policy.reschedule, free_if_within=None))
    instants = [term.until for term in terms(policy, Action.RESCHEDULE, facts)]
    edges = [edge for until in instants for edge in (until, until + MICROSECOND)]
    for now in [facts.starts_at - notice, *edges]:
        without = decide(plain, Action.RESCHEDULE, facts, now)
        of_all = decide(policy, Action.RESCHEDULE, facts, now)
        of_one = decide(policy, Action.RESCHEDULE, facts, now, target=facts.starts_at + away)
        assert (of_all.cost, of_all.refusal) == (without.cost, without.refusal)
        assert of_one.refusal == without.refusal
        if of_one.cost is not None and without.cost is not None:
            assert minor(of_one.cost.fee) <= minor(without.cost.fee)
            assert worth(of_one.cost, facts) <= worth(without.cost, facts)
            to_free = is_free_target(policy, facts, facts.starts_at + away)
            assert of_all.promised.cost_of(to_free_target=to_free) == of_one.cost


@at_most(100)
@given(policies(), booked_sessions(), NOTICES)
def test_the_terms_of_free_targets_agree_with_the_decision_at_any_instant(
    policy: Policy, facts: SessionFacts, notice: timedelta
) -> None:
    policy = replace(policy, reschedule=replace(policy.reschedule, free_if_within=WithinDays(0)))
    timeline = terms(policy, Action.RESCHEDULE, facts, to_free_target=True)
    edges = [edge for term in timeline for edge in (term.until, term.until + MICROSECOND)]
    for now in [facts.starts_at - notice, *edges]:
        if now < facts.starts_at:
            told = next((term.cost for term in timeline if now <= term.until), None)
            decision = decide(policy, Action.RESCHEDULE, facts, now, target=facts.booked_starts_at)
            assert decision.cost == told


@at_most(150)
@given(policies(), booked_sessions(), NOTICES, NOTICES, TARGETS, TARGETS)
def test_a_move_never_costs_more_than_its_quote_whatever_its_target(
    policy: Policy,
    facts: SessionFacts,
    one: timedelta,
    other: timedelta,
    shown: timedelta,
    away: timedelta,
) -> None:
    """A quote about all targets covers each; one about a target covers its own kind."""
    earlier, later = facts.starts_at - max(one, other), facts.starts_at - min(one, other)
    target = facts.starts_at + away
    to_free = is_free_target(policy, facts, target)
    for asked in (None, facts.starts_at + shown):
        decision = decide(policy, Action.RESCHEDULE, facts, earlier, target=asked)
        quoted = decision.promised.cost_of(to_free_target=to_free)
        if quoted is None:
            is_other_kind = asked is not None and is_free_target(policy, facts, asked) != to_free
            assert is_other_kind or decision.cost is None
            continue
        paid = decide(policy, Action.RESCHEDULE, facts, later, quoted=quoted, target=target).cost
        assert paid is not None
        assert minor(paid.fee) <= minor(quoted.fee)
        assert paid.carries is None or quoted.carries is not None
        if paid.carries is not None and quoted.carries is not None:
            assert minor(paid.carries.fee) <= minor(quoted.carries.fee)
            assert quoted.carries.forfeits_credit or not paid.carries.forfeits_credit


@at_most(100)
@given(policies(), ACTIONS, booked_sessions())
def test_free_until_is_the_last_instant_before_an_action_costs_something(
    policy: Policy, action: Action, facts: SessionFacts
) -> None:
    free_until = decide(policy, action, facts, facts.starts_at).free_until
    assert free_until is not None
    for now, is_free in [(free_until - MICROSECOND, True), (free_until + MICROSECOND, False)]:
        cost = decide(policy, action, facts, now).cost
        if cost is not None:
            assert cost.is_free is is_free


# What the rules are based on


@st.composite
def instants(draw: st.DrawFn) -> tuple[ZoneInfo, int]:
    zone, day = draw(st.sampled_from(WEEKS))
    noon = to_seconds(datetime.combine(day, time(12), tzinfo=zone))
    return zone, noon + draw(st.integers(-86_400, 86_400))


@at_most(100)
@given(instants(), st.integers(1, 400 * 86_400))
def test_constant_offsets_agree_with_the_zone_at_every_edge_and_have_no_gap(
    place: tuple[ZoneInfo, int], length: int
) -> None:
    zone, start = place
    pieces = constant_offsets(zone, start, start + length)
    assert pieces[0].start == start
    assert pieces[-1].end == start + length
    assert all(one.end == two.start for one, two in pairwise(pieces))
    assert all(one.offset != two.offset for one, two in pairwise(pieces))
    for piece in pieces:
        for instant in (piece.start, (piece.start + piece.end) // 2, piece.end - 1):
            offset = from_seconds(instant).astimezone(zone).utcoffset()
            assert offset == timedelta(seconds=piece.offset)


@at_most(100)
@given(st.sampled_from(WEEKS), st.integers(-200, 200))
def test_a_local_day_starts_directly_after_the_day_before(
    week: tuple[ZoneInfo, date], distance: int
) -> None:
    zone, around = week
    day = around + timedelta(days=distance)
    start = start_of_day(day, zone)
    assert start.astimezone(zone).date() == day
    assert (start - MICROSECOND).astimezone(zone).date() == day - timedelta(days=1)


@at_most(100)
@given(instants())
def test_an_instant_is_one_of_the_instants_of_its_wall_time(
    place: tuple[ZoneInfo, int],
) -> None:
    """So the latest of them is not earlier, and later by at most the size of a clock change."""
    zone, seconds = place
    instant = from_seconds(seconds)
    wall = instant.astimezone(zone)
    latest = latest_reading(wall.date(), wall.time(), zone)
    assert latest.astimezone(zone).replace(tzinfo=None, fold=0) == wall.replace(tzinfo=None, fold=0)
    assert timedelta(0) <= latest - instant <= timedelta(hours=1)


INTERVALS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: Interval(*pair)),
    max_size=6,
)


def numbers(intervals: list[Interval]) -> set[int]:
    return {number for interval in intervals for number in range(*interval)}


@at_most(100)
@given(INTERVALS)
def test_merging_keeps_every_number_and_the_result_has_gaps_between_intervals(
    given_: list[Interval],
) -> None:
    merged = merge(given_)
    assert numbers(merged) == numbers(given_)
    assert all(interval.start < interval.end for interval in merged)
    assert all(one.end < two.start for one, two in pairwise(merged))
