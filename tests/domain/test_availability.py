"""What is taken, notice, horizon, limits, distant zones and days (product.md section 3)."""

from dataclasses import replace
from uuid import UUID

import pytest

from app.domain.availability import (
    Slot,
    bookable,
    by_day,
    nearest,
)
from app.domain.intervals import Interval
from tests.domain.builders import (
    AUCKLAND,
    HARBOUR,
    HAVANA,
    HONOLULU,
    HOUR,
    MAIN_STREET,
    MINUTE,
    NEW_YORK,
    UTC_ZONE,
    WEDNESDAY,
    Scene,
    busy,
    day_in_new_york,
    hours,
    local_day,
    request,
    rules,
    seconds,
    sessions_at,
    span,
)

# Busy time


@pytest.mark.parametrize(
    ("other", "service", "clocks"),
    [
        pytest.param((0, 0), (0, 0), ["09:30", "10:00", "12:00", "12:30"], id="no-buffers"),
        pytest.param((0, 30), (0, 0), ["09:30", "10:00", "12:30"], id="its-after"),
        pytest.param((0, 0), (30, 0), ["09:30", "10:00", "12:30"], id="mine-before"),
        pytest.param((0, 30), (15, 0), ["09:30", "10:00", "12:30"], id="larger-is-its-after"),
        pytest.param((0, 15), (30, 0), ["09:30", "10:00", "12:30"], id="larger-is-mine-before"),
        pytest.param((0, 30), (30, 0), ["09:30", "10:00", "12:30"], id="never-the-sum-after"),
        pytest.param((30, 0), (0, 0), ["09:30", "12:00", "12:30"], id="its-before"),
        pytest.param((0, 0), (0, 30), ["09:30", "12:00", "12:30"], id="mine-after"),
        pytest.param((30, 0), (0, 15), ["09:30", "12:00", "12:30"], id="larger-is-its-before"),
        pytest.param((15, 0), (0, 30), ["09:30", "12:00", "12:30"], id="larger-is-mine-after"),
        pytest.param((30, 0), (0, 30), ["09:30", "12:00", "12:30"], id="never-the-sum-before"),
        pytest.param((0, 31), (0, 0), ["09:30", "10:00"], id="a-minute-more-costs-the-slot"),
    ],
)
def test_the_gap_between_two_sessions_is_the_larger_of_the_two_buffers(
    other: tuple[int, int], service: tuple[int, int], clocks: list[str]
) -> None:
    """The other session is from 11:00 to 12:00; buffers are (before, after) in minutes."""
    scene = replace(
        day_in_new_york("09:30-13:30"),
        sessions=[
            busy(
                f"{WEDNESDAY}T11:00-04:00",
                f"{WEDNESDAY}T12:00-04:00",
                before=other[0],
                after=other[1],
            )
        ],
        rules=rules(duration=60, step=30, before=service[0], after=service[1]),
    )
    assert scene.clocks() == clocks


def test_buffers_need_not_lie_inside_the_hours() -> None:
    scene = replace(day_in_new_york("09:00-11:00"), rules=rules(before=30, after=30))
    assert scene.clocks() == ["09:00", "10:00"]


def test_blocked_time_is_kept_free_but_needs_no_gap() -> None:
    """Time off, external busy time and the client's other sessions need no buffers."""
    scene = replace(
        day_in_new_york("09:00-13:00"),
        blocked=[span(f"{WEDNESDAY}T10:00-04:00", f"{WEDNESDAY}T11:30-04:00")],
        rules=rules(duration=60, step=30, before=30, after=30),
    )
    assert scene.clocks() == ["09:00", "11:30", "12:00"]


def test_blocked_and_busy_time_may_overlap() -> None:
    scene = replace(
        day_in_new_york("09:00-13:00"),
        blocked=[
            span(f"{WEDNESDAY}T09:30-04:00", f"{WEDNESDAY}T11:00-04:00"),
            span(f"{WEDNESDAY}T10:00-04:00", f"{WEDNESDAY}T10:30-04:00"),
        ],
        sessions=[busy(f"{WEDNESDAY}T10:30-04:00", f"{WEDNESDAY}T11:30-04:00", after=30)],
    )
    assert scene.clocks() == ["12:00"]


def test_busy_time_does_not_move_the_steps() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        blocked=[span(f"{WEDNESDAY}T09:10-04:00", f"{WEDNESDAY}T09:20-04:00")],
    )
    assert scene.clocks() == ["10:00", "11:00"]


def test_a_slot_may_run_over_midnight_only_into_free_time() -> None:
    scene = replace(
        day_in_new_york("22:00-24:00", "00:00-02:00"),
        window=span("2026-06-11T02:00Z", "2026-06-11T06:00Z"),
        sessions=[busy("2026-06-11T00:30-04:00", "2026-06-11T01:00-04:00")],
        rules=rules(duration=60, step=30),
    )
    assert scene.starts() == [
        "2026-06-10T22:00-04:00",
        "2026-06-10T22:30-04:00",
        "2026-06-10T23:00-04:00",
        "2026-06-10T23:30-04:00",
        "2026-06-11T01:00-04:00",
    ]


# Notice, horizon, distance


@pytest.mark.parametrize(
    ("now", "clocks"),
    [
        pytest.param("2026-06-09T11:00:00-04:00", ["11:00", "12:00"], id="exactly"),
        pytest.param("2026-06-09T11:00:01-04:00", ["12:00"], id="a-second-late"),
        pytest.param("2026-06-09T10:59:59-04:00", ["11:00", "12:00"], id="a-second-early"),
    ],
)
def test_exactly_the_minimum_notice_is_enough(now: str, clocks: list[str]) -> None:
    scene = replace(day_in_new_york("09:00-13:00"), rules=rules(notice=24 * 60), now=now)
    assert scene.clocks() == clocks


def test_minimum_notice_is_elapsed_time_over_a_dst_change() -> None:
    """24 hours after Saturday 11:00 is Sunday 12:00, because the clocks went forward."""
    scene = replace(
        day_in_new_york("09:00-14:00", day="2026-03-08"),
        rules=rules(notice=24 * 60),
        now="2026-03-07T11:00-05:00",
    )
    assert scene.clocks() == ["12:00", "13:00"]


def test_without_minimum_notice_nothing_in_the_past_is_offered() -> None:
    scene = replace(day_in_new_york("09:00-13:00"), now=f"{WEDNESDAY}T10:30-04:00")
    assert scene.clocks() == ["11:00", "12:00"]


@pytest.mark.parametrize(
    ("now", "horizon_days", "days"),
    [
        pytest.param("2026-06-08T00:00-04:00", 0, ["08"], id="today-only"),
        pytest.param("2026-06-08T00:00-04:00", 2, ["08", "09", "10"], id="from-the-first-second"),
        pytest.param("2026-06-08T22:59-04:00", 2, ["08", "09", "10"], id="the-whole-last-day"),
        pytest.param("2026-06-09T01:00Z", 2, ["08", "09", "10"], id="local-days-not-utc"),
    ],
)
def test_the_horizon_counts_the_practitioners_local_days(
    now: str, horizon_days: int, days: list[str]
) -> None:
    scene = Scene(
        hours(NEW_YORK, "23:00-24:00"),
        local_day("2026-06-07", NEW_YORK, days=9),
        rules=rules(horizon_days=horizon_days),
        now=now,
    )
    assert [start[8:10] for start in scene.starts()] == days


def test_a_horizon_ends_at_a_midnight_that_the_clocks_skip() -> None:
    """In Havana, 8 March 2026 begins at 01:00."""
    span_left = bookable(
        HAVANA,
        rules(horizon_days=1),
        request(),
        Interval(0, seconds("2030-01-01T00:00Z")),
        seconds("2026-03-06T12:00Z"),
    )
    assert span_left.end == seconds("2026-03-08T01:00-04:00")


def test_a_start_beyond_the_policys_maximum_distance_is_not_offered() -> None:
    scene = replace(
        day_in_new_york("09:00-13:00"),
        request=request(move_window=span(f"{WEDNESDAY}T10:00-04:00", f"{WEDNESDAY}T12:00-04:00")),
    )
    assert scene.clocks() == ["10:00", "11:00"]


def test_a_range_includes_its_first_instant_and_excludes_its_last() -> None:
    """Only starts are compared with the range; a slot may end after it."""
    scene = replace(
        day_in_new_york("09:00-17:00"),
        window=span(f"{WEDNESDAY}T10:00-04:00", f"{WEDNESDAY}T12:00-04:00"),
        rules=rules(duration=120),
    )
    assert scene.clocks() == ["10:00", "11:00"]


# Limits


@pytest.mark.parametrize(
    ("per_day", "clocks"),
    [
        pytest.param(None, ["11:00", "12:00"], id="no-limit"),
        pytest.param(3, ["11:00", "12:00"], id="one-left"),
        pytest.param(2, [], id="reached"),
        pytest.param(1, [], id="exceeded-already"),
    ],
)
def test_a_local_date_has_at_most_the_daily_limit_of_sessions(
    per_day: int | None, clocks: list[str]
) -> None:
    scene = replace(
        day_in_new_york("09:00-13:00"),
        sessions=sessions_at(f"{WEDNESDAY}T09:00-04:00", f"{WEDNESDAY}T10:00-04:00"),
        per_day=per_day,
    )
    assert scene.clocks() == clocks


def test_a_session_counts_on_the_date_of_its_start_in_the_practitioners_zone() -> None:
    """The session starts at 23:30 on the 9th, which is the 10th in UTC. It counts on the 9th."""
    scene = Scene(
        hours(NEW_YORK, "00:00-02:00", "21:00-24:00"),
        local_day("2026-06-09", NEW_YORK, days=2),
        sessions=[busy("2026-06-09T23:30-04:00", "2026-06-10T00:30-04:00")],
        per_day=1,
    )
    assert scene.starts() == [
        "2026-06-10T01:00-04:00",
        "2026-06-10T21:00-04:00",
        "2026-06-10T22:00-04:00",
        "2026-06-10T23:00-04:00",
    ]


def test_the_daily_limit_is_correct_on_both_sides_of_a_dst_change() -> None:
    """One session on each date, next to a local midnight; the dates have different offsets."""
    scene = Scene(
        hours(NEW_YORK, "12:00-13:00"),
        local_day("2026-03-07", NEW_YORK, days=4),
        sessions=sessions_at("2026-03-07T23:00-05:00", "2026-03-09T00:00-04:00"),
        per_day=1,
    )
    assert scene.starts() == ["2026-03-08T12:00-04:00", "2026-03-10T12:00-04:00"]


@pytest.mark.parametrize(
    ("taken", "days"),
    [
        pytest.param([], ["07", "08", "14", "15"], id="empty"),
        pytest.param(["2026-06-08T20:00-04:00"], ["07", "08", "14", "15"], id="one-left"),
        pytest.param(
            ["2026-06-08T00:00-04:00", "2026-06-14T23:00-04:00"],
            ["07", "15"],
            id="monday-to-sunday",
        ),
        pytest.param(
            ["2026-06-07T23:00-04:00", "2026-06-14T23:00-04:00"],
            ["07", "08", "14", "15"],
            id="one-in-each-of-two-weeks",
        ),
    ],
)
def test_an_iso_week_has_at_most_the_weekly_limit_of_sessions(
    taken: list[str], days: list[str]
) -> None:
    """8 June 2026 is a Monday; two sessions a week; hours on Sundays and Mondays."""
    scene = Scene(
        hours(NEW_YORK, weekly={1: ["12:00-13:00"], 7: ["12:00-13:00"]}),
        local_day("2026-06-07", NEW_YORK, days=9),
        sessions=sessions_at(*taken),
        per_week=2,
    )
    assert [start[8:10] for start in scene.starts()] == days


def test_an_iso_week_may_include_new_year() -> None:
    """Week 53 of 2026 runs from Monday 28 December to Sunday 3 January."""
    scene = Scene(
        hours(NEW_YORK, "12:00-13:00"),
        local_day("2026-12-27", NEW_YORK, days=9),
        sessions=sessions_at("2027-01-03T09:00-05:00"),
        per_week=1,
        now="2026-12-01T00:00Z",
    )
    assert [start[:10] for start in scene.starts()] == ["2026-12-27", "2027-01-04"]


def test_daily_and_weekly_limits_apply_together() -> None:
    scene = Scene(
        hours(NEW_YORK, "12:00-13:00"),
        local_day("2026-06-08", NEW_YORK, days=8),
        sessions=sessions_at("2026-06-08T09:00-04:00", "2026-06-15T09:00-04:00"),
        per_day=1,
        per_week=2,
    )
    assert [start[8:10] for start in scene.starts()] == ["09", "10", "11", "12", "13", "14"]


# Client and practitioner in distant zones


def test_a_search_for_a_clients_day_in_a_distant_zone() -> None:
    """Thursday in Honolulu is Thursday 23:00 to Friday 23:00 in Auckland (23 hours ahead)."""
    scene = Scene(
        hours(AUCKLAND, weekly={4: ["22:00-24:00"], 5: ["09:00-10:00", "22:00-24:00"]}),
        local_day("2026-12-03", HONOLULU),
    )
    assert scene.starts() == [
        "2026-12-03T23:00+13:00",
        "2026-12-04T09:00+13:00",
        "2026-12-04T22:00+13:00",
    ]


def test_limits_and_horizon_count_the_practitioners_days_not_the_clients() -> None:
    """The session on Friday in Auckland counts on Friday, although it is Thursday in Honolulu."""
    scene = Scene(
        hours(AUCKLAND, "09:00-10:00"),
        local_day("2026-12-02", HONOLULU, days=4),
        sessions=sessions_at("2026-12-04T20:00+13:00"),
        per_day=1,
        rules=rules(horizon_days=2),
        now="2026-12-03T00:00+13:00",
    )
    assert scene.starts() == ["2026-12-03T09:00+13:00", "2026-12-05T09:00+13:00"]


# The nearest slots


@pytest.mark.parametrize(
    ("wished", "found"),
    [
        pytest.param(0, [10, 20, 30], id="before-all"),
        pytest.param(99, [60, 50, 40], id="after-all"),
        pytest.param(31, [30, 40, 20], id="in-between"),
        pytest.param(35, [30, 40, 20], id="as-far-the-earlier-first"),
    ],
)
def test_the_nearest_slots_are_sorted_by_distance(wished: int, found: list[int]) -> None:
    slots = [Slot(start * MINUTE, None) for start in (10, 20, 30, 40, 50, 60)]
    assert [slot.start // MINUTE for slot in nearest(slots, wished * MINUTE)] == found


def test_fewer_nearest_slots_are_returned_if_fewer_exist() -> None:
    only = [Slot(10, MAIN_STREET)]
    assert nearest(only, 0) == only
    assert nearest([], 0) == []
    assert nearest([Slot(1, None), Slot(2, None)], 2) == [Slot(2, None), Slot(1, None)]


def test_the_nearest_slots_in_a_zone_without_dst() -> None:
    scene = Scene(hours(UTC_ZONE, "09:00-11:00"), local_day(WEDNESDAY, UTC_ZONE))
    assert scene.starts() == [f"{WEDNESDAY}T09:00+00:00", f"{WEDNESDAY}T10:00+00:00"]


# Days


def test_starts_are_grouped_by_the_days_of_the_viewer() -> None:
    late, early, next_year = (
        seconds(instant)
        for instant in ("2026-12-03T23:30-05:00", "2026-12-04T00:00-05:00", "2027-01-04T00:00Z")
    )
    starts: dict[UUID | None, list[int]] = {None: [late, early, next_year]}
    new_york = [((None, (late,)),), ((None, (early,)),), ((None, (next_year,)),)]
    assert by_day(starts, NEW_YORK) == new_york
    assert by_day(starts, UTC_ZONE) == [((None, (late, early)),), ((None, (next_year,)),)]
    assert by_day({}, NEW_YORK) == []


def test_a_day_lists_the_locations_that_are_offered_on_it() -> None:
    first, second = seconds("2026-12-03T10:00Z"), seconds("2026-12-04T10:00Z")
    starts: dict[UUID | None, list[int]] = {MAIN_STREET: [second], HARBOUR: [first, second]}
    assert by_day(starts, UTC_ZONE) == [
        ((HARBOUR, (first,)),),
        ((MAIN_STREET, (second,)), (HARBOUR, (second,))),
    ]


def test_a_day_on_which_the_clocks_change_is_one_day() -> None:
    hours = [seconds("2026-11-01T00:00-04:00") + hour * HOUR for hour in range(26)]
    assert by_day({None: hours}, NEW_YORK) == [
        ((None, tuple(hours[:25])),),
        ((None, tuple(hours[25:])),),
    ]
