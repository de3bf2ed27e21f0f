"""Until when clients may take back their own change."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from app.domain.undo import may_undo, undo_until

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
WINDOW = timedelta(minutes=5)
SECOND = timedelta(seconds=1)


def test_a_change_can_be_taken_back_for_the_window() -> None:
    assert undo_until(NOW + timedelta(days=1), NOW, WINDOW) == NOW + WINDOW


def test_it_ends_a_second_before_the_old_start_at_the_latest() -> None:
    start = NOW + timedelta(minutes=3)
    assert undo_until(start, NOW, WINDOW) == start - SECOND
    assert undo_until(NOW + SECOND, NOW, WINDOW) == NOW


@pytest.mark.parametrize("start", [NOW, NOW - timedelta(hours=1)])
def test_after_the_start_there_is_nothing_to_go_back_to(start: datetime) -> None:
    assert undo_until(start, NOW, WINDOW) is None


def test_a_window_of_zero_turns_it_off() -> None:
    assert undo_until(NOW + timedelta(days=1), NOW, timedelta(0)) is None


def test_the_repeated_hour_is_compared_by_instants() -> None:
    """At 01:59 of the first hour the session at 01:00 of the second one is a minute ahead."""
    zone = ZoneInfo("America/New_York")
    start = datetime(2026, 11, 1, 1, 0, fold=1, tzinfo=zone)
    now = datetime(2026, 11, 1, 5, 59, tzinfo=UTC)
    assert undo_until(start, now, WINDOW) == datetime(2026, 11, 1, 5, 59, 59, tzinfo=UTC)


def test_the_last_instant_is_still_in_time() -> None:
    until = NOW + WINDOW
    assert may_undo(until, until)
    assert not may_undo(until, until + timedelta(microseconds=1))
    assert not may_undo(None, NOW)
