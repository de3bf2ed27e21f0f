"""Which other groups a seat can move to, and why there is none (product.md section 3)."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from app.domain.availability import CurrentMeeting, EmptyReason, SlotSearch, bookable, nearest
from app.domain.groups import (
    GroupOffer,
    GroupSearch,
    GroupSlot,
    lowest_free_seat,
    offer_groups,
)
from app.domain.intervals import Interval
from app.domain.policy.decide import (
    RefusalCode,
    decide,
    terms,
)
from app.domain.policy.format_moves import format_change_by_move, must_keep_format_and_location
from app.domain.policy.rules import Action, ChangeFormatRule, Policy
from app.domain.session import Format, SessionFacts
from tests.domain.builders import (
    HARBOUR,
    HOUR,
    MAIN_STREET,
    NEW_YORK,
    at,
    fixed,
    hours_before,
    rules,
    seconds,
    session,
    span,
)

OWN, FIRST, SECOND, THIRD = (UUID(int=number) for number in range(1, 5))
NOW = "2026-06-01T12:00-04:00"
WEEK = span("2026-06-08T00:00-04:00", "2026-06-15T00:00-04:00")
PRESENT = CurrentMeeting(seconds("2026-06-09T18:00-04:00"), Format.IN_PERSON, MAIN_STREET)


def group(
    group_id: UUID,
    start: str,
    *,
    seats_left: int = 3,
    kind: Format = Format.IN_PERSON,
    location_id: UUID | None = MAIN_STREET,
) -> GroupSlot:
    """Build a group of an hour."""
    begins = seconds(start)
    return GroupSlot(begins, begins + HOUR, location_id, group_id, seats_left, kind)


@dataclass(frozen=True)
class Question:
    """What a client asks about a seat on a Tuesday evening, a week ahead."""

    groups: Sequence[GroupSlot] = ()
    taken: Sequence[Interval] = ()
    wished: SlotSearch = field(
        default_factory=lambda: SlotSearch(
            Format.IN_PERSON, (), PRESENT, may_move=True, may_change_format=False
        )
    )
    window: Interval = WEEK
    notice: int = 0
    horizon_days: int = 60
    now: str = NOW

    def offer(self) -> GroupOffer:
        """Ask; the seat's own group is always there, with a free seat."""
        own = GroupSlot(PRESENT.start, PRESENT.start + HOUR, MAIN_STREET, OWN, 1, Format.IN_PERSON)
        of_service = rules(notice=self.notice, horizon_days=self.horizon_days)
        bounds = bookable(NEW_YORK, of_service, self.wished, self.window, seconds(self.now))
        search = GroupSearch(OWN, [own, *self.groups], self.taken, self.wished)
        return offer_groups(search, self.window, bounds)

    def found(self) -> list[UUID]:
        """Give the ids of the groups on offer."""
        return [slot.group_id for slot in self.offer().slots]


def test_other_groups_with_a_free_seat_are_offered_by_start() -> None:
    question = Question(
        [group(SECOND, "2026-06-11T18:00-04:00"), group(FIRST, "2026-06-10T08:00-04:00")]
    )
    assert question.found() == [FIRST, SECOND]
    assert question.offer().empty_reason is None


def test_the_last_seat_is_offered_and_a_full_group_is_not() -> None:
    groups = [
        group(FIRST, "2026-06-10T08:00-04:00", seats_left=1),
        group(SECOND, "2026-06-11T08:00-04:00", seats_left=0),
    ]
    assert Question(groups).found() == [FIRST]


@pytest.mark.parametrize(
    ("taken", "is_offered"),
    [
        (span("2026-06-10T08:30-04:00", "2026-06-10T10:00-04:00"), False),
        (span("2026-06-10T07:00-04:00", "2026-06-10T08:01-04:00"), False),
        (span("2026-06-10T08:15-04:00", "2026-06-10T08:30-04:00"), False),
        (span("2026-06-10T07:00-04:00", "2026-06-10T08:00-04:00"), True),
        (span("2026-06-10T09:00-04:00", "2026-06-10T10:00-04:00"), True),
    ],
)
def test_a_client_is_offered_no_group_while_they_are_elsewhere(
    *, taken: Interval, is_offered: bool
) -> None:
    question = Question([group(FIRST, "2026-06-10T08:00-04:00")], taken=[taken])
    assert question.found() == [FIRST] * is_offered


def test_the_range_includes_its_start_and_excludes_its_end() -> None:
    groups = [
        group(FIRST, "2026-06-08T00:00-04:00"),
        group(SECOND, "2026-06-14T23:59-04:00"),
        group(THIRD, "2026-06-15T00:00-04:00"),
    ]
    assert Question(groups).found() == [FIRST, SECOND]


def test_minimum_notice_is_exact() -> None:
    question = Question([group(FIRST, "2026-06-10T08:00-04:00")], notice=60)
    assert replace(question, now="2026-06-10T07:00-04:00").found() == [FIRST]
    assert replace(question, now="2026-06-10T07:00:01-04:00").found() == []


def test_the_horizon_counts_local_days_of_the_practitioner() -> None:
    groups = [group(FIRST, "2026-06-10T23:00-04:00"), group(SECOND, "2026-06-11T00:00-04:00")]
    assert Question(groups, horizon_days=9).found() == [FIRST]


def test_the_policys_distance_bounds_the_start() -> None:
    question = Question(
        [group(FIRST, "2026-06-10T08:00-04:00"), group(SECOND, "2026-06-12T08:00-04:00")]
    )
    near = span("2026-06-09T00:00-04:00", "2026-06-11T00:00-04:00")
    assert replace(question, wished=replace(question.wished, move_window=near)).found() == [FIRST]


def test_groups_of_the_requested_format_are_offered() -> None:
    video = group(SECOND, "2026-06-11T08:00-04:00", kind=Format.VIDEO, location_id=None)
    question = Question([group(FIRST, "2026-06-10T08:00-04:00"), video])
    assert question.found() == [FIRST]
    wished = replace(question.wished, format=Format.VIDEO)
    assert replace(question, wished=wished).found() == [SECOND]


def test_a_seat_that_must_keep_format_and_location_is_offered_nothing_else() -> None:
    kept = replace(Question().wished, must_keep_format_and_location=True)
    groups = [
        group(FIRST, "2026-06-10T08:00-04:00"),
        group(SECOND, "2026-06-11T08:00-04:00", location_id=HARBOUR),
        group(THIRD, "2026-06-12T08:00-04:00", kind=Format.VIDEO, location_id=None),
    ]
    assert Question(groups).found() == [FIRST, SECOND]
    assert Question(groups, wished=kept).found() == [FIRST]
    video = Question(groups, wished=replace(kept, format=Format.VIDEO)).offer()
    assert video == GroupOffer([], EmptyReason.RESCHEDULE_REFUSED)


ALONE = span("2026-06-10T00:00-04:00", "2026-06-11T00:00-04:00")
MORNING = group(FIRST, "2026-06-10T08:00-04:00")


@pytest.mark.parametrize(
    ("question", "reason"),
    [
        pytest.param(
            Question([MORNING], wished=replace(Question().wished, may_move=False)),
            EmptyReason.RESCHEDULE_REFUSED,
            id="the-policy-refuses",
        ),
        pytest.param(
            Question([MORNING], now="2026-06-16T00:00-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-range-is-past",
        ),
        pytest.param(
            Question([MORNING], horizon_days=3),
            EmptyReason.OUTSIDE_HORIZON,
            id="beyond-the-horizon",
        ),
        pytest.param(Question(window=ALONE), EmptyReason.NO_WORKING_HOURS, id="no-group-at-all"),
        pytest.param(
            Question([MORNING._replace(format=Format.PHONE)], window=ALONE),
            EmptyReason.NO_WORKING_HOURS,
            id="only-in-another-format",
        ),
        pytest.param(
            Question(
                [MORNING._replace(location_id=HARBOUR)],
                window=ALONE,
                wished=replace(Question().wished, must_keep_format_and_location=True),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="only-at-a-location-that-a-move-must-not-change-to",
        ),
        pytest.param(
            Question([MORNING], window=ALONE, now="2026-06-10T09:00-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-only-group-has-started",
        ),
        pytest.param(
            Question([MORNING._replace(seats_left=0)], window=ALONE),
            EmptyReason.FULLY_BOOKED,
            id="full",
        ),
        pytest.param(
            Question([MORNING], window=ALONE, taken=[ALONE]),
            EmptyReason.FULLY_BOOKED,
            id="the-client-is-elsewhere",
        ),
        pytest.param(Question(), EmptyReason.FULLY_BOOKED, id="only-the-seats-own-group"),
    ],
)
def test_the_first_rule_that_leaves_no_group_is_named(
    question: Question, reason: EmptyReason
) -> None:
    assert question.offer() == GroupOffer([], reason)


def test_the_nearest_groups_come_nearest_first() -> None:
    slots = [group(FIRST, "2026-06-10T08:00-04:00"), group(SECOND, "2026-06-12T08:00-04:00")]
    assert nearest(slots, seconds("2026-06-11T08:00-04:00")) == slots
    assert nearest(slots, seconds("2026-06-11T08:01-04:00")) == [slots[1], slots[0]]


def seat() -> SessionFacts:
    return replace(session(), is_seat=True)


def test_the_format_of_a_seat_cannot_be_changed_by_itself() -> None:
    decision = decide(Policy(), Action.CHANGE_FORMAT, seat(), at("2026-06-01T12:00Z"))
    assert decision.refusal is not None
    assert decision.refusal.code is RefusalCode.ACTION_DISABLED
    assert (decision.free_until, decision.closes_at, decision.timeline) == (None, None, ())
    assert terms(Policy(), Action.CHANGE_FORMAT, seat()) == []


@pytest.mark.parametrize("action", [Action.CANCEL, Action.RESCHEDULE])
def test_everything_else_is_decided_for_a_seat_as_for_any_session(action: Action) -> None:
    now = at("2026-06-01T12:00Z")
    assert decide(Policy(), action, seat(), now) == decide(Policy(), action, session(), now)


@pytest.mark.parametrize(
    ("rule", "keeps"),
    [
        (ChangeFormatRule(), False),
        (ChangeFormatRule(enabled=False), True),
        (ChangeFormatRule(fees=(fixed(hours_before(999), 500),)), True),
    ],
)
def test_a_move_of_a_seat_may_change_the_format_where_the_policy_lets_single_sessions(
    *, rule: ChangeFormatRule, keeps: bool
) -> None:
    policy, now = Policy(change_format=rule), at("2026-06-01T12:00Z")
    assert must_keep_format_and_location(policy, seat(), now) is keeps
    assert format_change_by_move(policy, seat(), now) == decide(
        policy, Action.CHANGE_FORMAT, session(), now
    )


@pytest.mark.parametrize(
    ("taken", "seats", "free"),
    [([], 2, 1), ([1], 2, 2), ([2], 3, 1), ([3, 1], 3, 2), ([1, 2], 2, None), ([3], 1, 1)],
)
def test_the_lowest_free_seat_is_taken(taken: list[int], seats: int, free: int | None) -> None:
    assert lowest_free_seat(taken, seats) == free
