"""Until when a client may ask for a waiver, and what the question and its answer change."""

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.waiver import (
    Question,
    WaiverState,
    answer_by,
    ask_until,
    collect_after_answer,
    collect_after_asking,
)

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
WEEK = 7 * DAY


def question(state: WaiverState = "asked", ended_at: datetime | None = None) -> Question:
    return Question(state, NOW, answer_by(NOW), ended_at)


def test_a_client_may_ask_for_seven_days() -> None:
    assert ask_until(NOW, None, NOW) == NOW + WEEK
    assert ask_until(NOW, None, NOW + WEEK) == NOW + WEEK
    assert ask_until(NOW, None, NOW + WEEK + TICK) is None


def test_a_client_asks_once() -> None:
    assert ask_until(NOW, question(), NOW) is None
    assert ask_until(NOW, question("declined", NOW), NOW) is None


def test_a_question_lapses_after_its_last_instant() -> None:
    asked = question()
    last = asked.answer_by
    assert last == NOW + WEEK
    assert (asked.state_at(last), asked.is_open(last), asked.ended_by(last)) == (
        "asked", True, None,
    )  # fmt: skip
    late = last + TICK
    assert (asked.state_at(late), asked.is_open(late), asked.ended_by(late)) == (
        "lapsed", False, last,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["granted", "declined", "void"])
def test_a_question_that_has_ended_stays_so(state: WaiverState) -> None:
    ended = question(state, NOW + DAY)
    late = NOW + 2 * WEEK
    assert (ended.state_at(late), ended.is_open(late)) == (state, False)
    assert ended.ended_by(late) == NOW + DAY


def test_a_lapse_that_is_recorded_stays_so() -> None:
    lapsed = question("lapsed", NOW + WEEK)
    assert (lapsed.state_at(NOW), lapsed.ended_by(NOW)) == ("lapsed", NOW + WEEK)


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
