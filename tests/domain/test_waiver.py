"""Until when a client may ask for a waiver, and what the question and its answer change."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.waiver import (
    WaiverState,
    answer_by,
    collect_after_answer,
    collect_after_asking,
    may_ask,
    state_at,
)

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = 7 * DAY


def test_a_client_may_ask_for_seven_days() -> None:
    assert may_ask(NOW, NOW)
    assert may_ask(NOW, NOW + WEEK)
    assert not may_ask(NOW, NOW + WEEK + TICK)


def test_a_question_lapses_after_its_last_instant() -> None:
    last = answer_by(NOW)
    assert last == NOW + WEEK
    assert state_at("asked", last, last) == "asked"
    assert state_at("asked", last, last + TICK) == "lapsed"


@pytest.mark.parametrize("state", ["granted", "declined", "lapsed", "void"])
def test_a_question_that_has_ended_stays_so(state: WaiverState) -> None:
    assert state_at(state, NOW, NOW + DAY) == state


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (NOW, NOW + WEEK),
        (NOW + 5 * MINUTE, NOW + WEEK),
        (NOW + WEEK + TICK, NOW + WEEK + TICK),
        (NOW - TICK, NOW - TICK),
        (None, None),
    ],
)
def test_a_question_postpones_only_what_has_not_passed(
    before: datetime | None, after: datetime | None
) -> None:
    assert collect_after_asking(before, NOW) == after


@pytest.mark.parametrize(
    ("waits_until", "otherwise", "after"),
    [
        (NOW + DAY, None, NOW),
        (NOW + DAY, NOW - DAY, NOW),
        (NOW + DAY, NOW + MINUTE, NOW + MINUTE),
        (NOW, None, NOW),
        (NOW - TICK, NOW - TICK, NOW - TICK),
        (None, None, None),
    ],
)
def test_a_refusal_lets_the_fee_wait_for_what_else_asks_for_it(
    waits_until: datetime | None, otherwise: datetime | None, after: datetime | None
) -> None:
    assert collect_after_answer(waits_until, otherwise, NOW) == after
