"""How long a time is held, and how many times."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from app.domain.errors import RateLimitedError
from app.domain.holds import HeldTarget, HoldTerm, PastHold, hold_again
from app.domain.session import Format

NOW = datetime(2026, 11, 30, 15, 0, 0, 900_000, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
TARGET = HeldTarget(WHOLE + timedelta(days=3), Format.VIDEO, None, None)
OTHER = HeldTarget(WHOLE + timedelta(days=4), Format.VIDEO, None, None)


def renew(*minutes: float) -> HoldTerm:
    """Hold a target, and the same one again after so many minutes since the first, in order."""
    term = hold_again(None, TARGET, (), NOW)
    for minute in minutes:
        term = hold_again(PastHold(TARGET, term), TARGET, (), NOW + minute * MINUTE)
    return term


def test_a_hold_lasts_five_minutes_in_whole_seconds() -> None:
    term = hold_again(None, TARGET, (), NOW)
    assert term == HoldTerm(NOW, WHOLE + 5 * MINUTE, NOW, 1)
    assert term.is_live(term.expires_at - timedelta(microseconds=1))
    assert not term.is_live(term.expires_at)


@pytest.mark.parametrize(
    ("minutes", "until"),
    [((4,), 9), ((4, 8), 13), ((4, 8, 11), 15), ((4, 8, 12, 14.9), 15), ((0,), 5)],
)
def test_the_same_one_again_renews_it_up_to_fifteen_minutes(
    minutes: tuple[float, ...], until: int
) -> None:
    term = renew(*minutes)
    assert term.expires_at == WHOLE + until * MINUTE
    assert (term.first_held_at, term.new_count) == (NOW, 1)


def test_a_request_that_waited_does_not_shorten_it() -> None:
    term = renew(4)
    again = hold_again(PastHold(TARGET, term), TARGET, (), NOW + MINUTE)
    assert again.expires_at == term.expires_at


@pytest.mark.parametrize("target", [TARGET, OTHER])
def test_after_its_expiry_and_for_another_target_it_is_a_new_one(target: HeldTarget) -> None:
    term = hold_again(None, TARGET, (), NOW)
    now = term.expires_at if target == TARGET else NOW + MINUTE
    again = hold_again(PastHold(TARGET, term), target, (), now)
    assert (again.first_held_at, again.new_since, again.new_count) == (now, NOW, 2)


@pytest.mark.parametrize(
    "target",
    [
        HeldTarget(TARGET.starts_at, Format.PHONE, None, None),
        HeldTarget(TARGET.starts_at, Format.VIDEO, uuid4(), None),
        HeldTarget(TARGET.starts_at, Format.VIDEO, None, uuid4()),
    ],
)
def test_another_format_location_or_group_is_another_target(target: HeldTarget) -> None:
    term = hold_again(None, TARGET, (), NOW)
    assert hold_again(PastHold(TARGET, term), target, (), NOW + SECOND).new_count == 2


def test_at_most_twenty_new_ones_an_hour() -> None:
    last = None
    for number in range(20):
        target = (TARGET, OTHER)[number % 2]
        last = PastHold(target, hold_again(last, target, (), NOW + number * SECOND))
    assert last is not None
    with pytest.raises(RateLimitedError) as refused:
        hold_again(last, TARGET, (), NOW + 30 * MINUTE)
    assert refused.value.retry_after == 30 * 60
    assert hold_again(last, last.target, (), NOW + MINUTE).new_count == 20
    again = hold_again(last, TARGET, (), NOW + 60 * MINUTE)
    assert (again.new_since, again.new_count) == (NOW + 60 * MINUTE, 1)


def test_at_most_three_live_ones_of_a_client() -> None:
    others = [NOW + minutes * MINUTE for minutes in (4, 2, 3)]
    assert hold_again(None, TARGET, others[:2], NOW).new_count == 1
    with pytest.raises(RateLimitedError) as refused:
        hold_again(None, TARGET, others, NOW)
    assert refused.value.retry_after == 120
    term = hold_again(None, TARGET, (), NOW)
    assert hold_again(PastHold(TARGET, term), TARGET, others, NOW + MINUTE).new_count == 1
