"""Availability: every rule of product.md section 3, at its limit and one step beyond."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.domain.availability import (
    BusySession,
    CurrentMeeting,
    EmptyReason,
    HoursInterval,
    Slot,
    bookable,
    by_day,
    nearest,
)
from app.domain.intervals import Interval
from app.domain.session import Format
from tests.domain.builders import (
    AUCKLAND,
    HARBOUR,
    HAVANA,
    HONOLULU,
    HOUR,
    LONDON,
    LORD_HOWE,
    MAIN_STREET,
    MINUTE,
    NEW_YORK,
    UTC_ZONE,
    Scene,
    busy,
    hours,
    local_day,
    opening,
    request,
    rules,
    seconds,
    span,
)

WEDNESDAY = "2026-06-10"


def day_in_new_york(*daily: str | HoursInterval, day: str = WEDNESDAY) -> Scene:
    """Build a search in one day of a practitioner in New York with the same hours every day."""
    return Scene(hours(NEW_YORK, *daily), local_day(day, NEW_YORK))


# Working hours on the step


@pytest.mark.parametrize(
    ("daily", "duration", "step", "clocks"),
    [
        pytest.param(["09:00-12:00"], 60, 60, ["09:00", "10:00", "11:00"], id="fits-exactly"),
        pytest.param(["09:00-11:59"], 60, 60, ["09:00", "10:00"], id="a-minute-short"),
        pytest.param(
            ["09:00-11:00"], 50, 30, ["09:00", "09:30", "10:00"], id="step-below-duration"
        ),
        pytest.param(["09:00-12:00"], 30, 90, ["09:00", "10:30"], id="step-above-duration"),
        pytest.param(["09:20-11:30"], 60, 60, ["09:20", "10:20"], id="counts-from-the-start"),
        pytest.param(
            ["09:00-10:30", "13:15-14:30"], 60, 30, ["09:00", "09:30", "13:15"], id="each-its-own"
        ),
        pytest.param(
            ["10:30-12:00", "09:00-10:30"],
            60,
            45,
            ["09:00", "09:45", "10:30"],
            id="touching-hours-are-one",
        ),
        pytest.param(
            ["09:00-11:00", "10:20-12:00"], 60, 60, ["09:00", "10:00", "11:00"], id="overlapping"
        ),
        pytest.param(["09:00-09:59"], 60, 15, [], id="too-short"),
        pytest.param([], 60, 15, [], id="closed"),
    ],
)
def test_a_slot_lies_completely_inside_the_hours_and_starts_on_a_step(
    daily: list[str], duration: int, step: int, clocks: list[str]
) -> None:
    scene = replace(day_in_new_york(*daily), rules=rules(duration=duration, step=step))
    assert scene.clocks() == clocks


def test_hours_are_those_of_the_iso_weekday() -> None:
    by_weekday = {1: ["08:00-09:00"], 3: ["09:00-10:00"], 7: ["10:00-11:00"]}
    week = Scene(hours(NEW_YORK, weekly=by_weekday), local_day("2026-06-08", NEW_YORK, days=7))
    assert week.starts() == [
        "2026-06-08T08:00-04:00",
        "2026-06-10T09:00-04:00",
        "2026-06-14T10:00-04:00",
    ]


@pytest.mark.parametrize(
    ("override", "clocks"),
    [
        pytest.param(["14:00-15:00"], ["14:00"], id="other-hours"),
        pytest.param([], [], id="closed"),
    ],
)
def test_a_dated_override_replaces_that_date_and_no_other(
    override: list[str], clocks: list[str]
) -> None:
    overridden = hours(NEW_YORK, "09:00-10:00", overrides={WEDNESDAY: override})
    assert Scene(overridden, local_day(WEDNESDAY, NEW_YORK)).clocks() == clocks
    assert Scene(overridden, local_day("2026-06-09", NEW_YORK)).clocks() == ["09:00"]
    assert Scene(overridden, local_day("2026-06-11", NEW_YORK)).clocks() == ["09:00"]


@pytest.mark.parametrize(
    ("format_", "clocks"),
    [
        pytest.param(Format.VIDEO, ["09:00", "11:00"], id="its-own-and-the-general"),
        pytest.param(Format.PHONE, ["11:00"], id="only-the-general"),
    ],
)
def test_hours_of_a_format_apply_to_that_format_only(format_: Format, clocks: list[str]) -> None:
    scene = day_in_new_york(opening("09:00-10:00", Format.VIDEO), opening("11:00-12:00"))
    assert replace(scene, request=request(format_)).clocks() == clocks


def test_hours_of_a_format_merge_with_the_general_ones() -> None:
    scene = day_in_new_york(opening("09:30-11:00", Format.VIDEO), opening("11:00-12:00"))
    assert replace(scene, request=request(Format.VIDEO)).clocks() == ["09:30", "10:30"]
    assert replace(scene, request=request(Format.PHONE)).clocks() == ["11:00"]


@pytest.mark.parametrize(
    ("locations", "slots"),
    [
        pytest.param(
            [MAIN_STREET], [("09:00", MAIN_STREET), ("13:00", MAIN_STREET)], id="main-street"
        ),
        pytest.param([HARBOUR], [("13:00", HARBOUR)], id="harbour-has-only-the-general"),
        pytest.param(
            [HARBOUR, MAIN_STREET],
            [("09:00", MAIN_STREET), ("13:00", HARBOUR), ("13:00", MAIN_STREET)],
            id="both-by-start-then-as-asked",
        ),
        pytest.param([], [], id="nowhere"),
    ],
)
def test_hours_of_a_location_apply_to_that_location_only(
    locations: list[UUID], slots: list[tuple[str, UUID]]
) -> None:
    scene = replace(
        day_in_new_york(opening("09:00-10:00", None, MAIN_STREET), opening("13:00-14:00")),
        request=request(Format.IN_PERSON, locations=locations),
    )
    at_places = [slot.location_id for slot in scene.offer().slots]
    assert list(zip(scene.clocks(), at_places, strict=True)) == slots


def test_hours_of_a_location_do_not_apply_to_a_format_without_a_location() -> None:
    scene = day_in_new_york(opening("09:00-10:00", None, MAIN_STREET))
    assert replace(scene, request=request(Format.VIDEO)).clocks() == []


# The days on which clocks change


@pytest.mark.parametrize(
    ("zone", "day", "daily", "starts"),
    [
        pytest.param(
            NEW_YORK,
            "2026-03-08",
            "01:00-04:00",
            ["01:00-05:00", "01:30-05:00", "03:00-04:00", "03:30-04:00"],
            id="new-york",
        ),
        pytest.param(
            LONDON,
            "2026-03-29",
            "00:00-03:00",
            ["00:00+00:00", "00:30+00:00", "02:00+01:00", "02:30+01:00"],
            id="london",
        ),
        pytest.param(
            LORD_HOWE,
            "2026-10-04",
            "01:00-03:30",
            ["01:00+10:30", "01:30+10:30", "02:30+11:00", "03:00+11:00"],
            id="lord-howe",
        ),
    ],
)
def test_on_the_day_clocks_go_forward_no_slot_starts_in_the_gap(
    zone: ZoneInfo, day: str, daily: str, starts: list[str]
) -> None:
    scene = Scene(hours(zone, daily), local_day(day, zone), rules=rules(duration=30, step=30))
    assert scene.starts() == [f"{day}T{start}" for start in starts]


@pytest.mark.parametrize(
    ("zone", "day", "daily", "starts"),
    [
        pytest.param(
            NEW_YORK,
            "2026-11-01",
            "00:30-02:30",
            [
                "00:30-04:00",
                "01:00-04:00",
                "01:30-04:00",
                "01:00-05:00",
                "01:30-05:00",
                "02:00-05:00",
            ],
            id="new-york",
        ),
        pytest.param(
            LONDON,
            "2026-10-25",
            "00:30-02:30",
            [
                "00:30+01:00",
                "01:00+01:00",
                "01:30+01:00",
                "01:00+00:00",
                "01:30+00:00",
                "02:00+00:00",
            ],
            id="london",
        ),
        pytest.param(
            LORD_HOWE,
            "2026-04-05",
            "01:00-02:30",
            ["01:00+11:00", "01:30+11:00", "01:30+10:30", "02:00+10:30"],
            id="lord-howe",
        ),
    ],
)
def test_on_the_day_clocks_go_back_the_repeated_time_is_offered_twice(
    zone: ZoneInfo, day: str, daily: str, starts: list[str]
) -> None:
    scene = Scene(hours(zone, daily), local_day(day, zone), rules=rules(duration=30, step=30))
    assert scene.starts() == [f"{day}T{start}" for start in starts]


@pytest.mark.parametrize(
    ("duration", "starts"),
    [
        pytest.param(30, ["2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"], id="each-fits"),
        pytest.param(40, [], id="but-never-from-one-into-the-other"),
    ],
)
def test_hours_inside_the_repeated_hour_occur_twice(duration: int, starts: list[str]) -> None:
    """01:00-01:30 occurs twice that night, half an hour apart."""
    scene = day_in_new_york("01:00-01:30", day="2026-11-01")
    assert replace(scene, rules=rules(duration=duration, step=30)).starts() == starts


def test_hours_that_equal_the_repeated_time_are_one_interval() -> None:
    """On Lord Howe Island 01:30-02:00 occurs twice; the second follows the first directly."""
    scene = Scene(
        hours(LORD_HOWE, "01:30-02:00"),
        local_day("2026-04-05", LORD_HOWE),
        rules=rules(duration=60, step=30),
    )
    assert scene.starts() == ["2026-04-05T01:30+11:00"]


@pytest.mark.parametrize(
    ("day", "daily", "starts"),
    [
        pytest.param(
            "2026-03-08",
            "01:30-04:30",  # two elapsed hours
            ["2026-03-08T01:30-05:00"],
            id="forward-an-hour-less",
        ),
        pytest.param(
            "2026-11-01",
            "00:30-03:30",  # four elapsed hours
            ["2026-11-01T00:30-04:00", "2026-11-01T01:30-04:00", "2026-11-01T01:30-05:00"],
            id="back-an-hour-more",
        ),
    ],
)
def test_a_slot_over_a_clock_change_has_its_full_duration(
    day: str, daily: str, starts: list[str]
) -> None:
    scene = day_in_new_york(daily, day=day)
    assert replace(scene, rules=rules(duration=120, step=60)).starts() == starts


def test_hours_separated_only_by_the_gap_are_one_interval() -> None:
    """01:00-02:00 and 03:00-04:00 touch that night; steps count from the start of each."""
    scene = replace(
        day_in_new_york("01:00-02:00", "03:00-04:00", day="2026-03-08"),
        rules=rules(duration=60, step=40),
    )
    assert scene.clocks() == ["01:00", "01:40", "03:00"]


def test_steps_follow_the_wall_clock_if_the_clock_change_is_not_a_multiple_of_the_step() -> None:
    scene = Scene(
        hours(LORD_HOWE, "00:00-05:00"),
        local_day("2026-10-04", LORD_HOWE),
        rules=rules(duration=60, step=60),
    )
    assert scene.clocks() == ["00:00", "01:00", "03:00", "04:00"]


def test_hours_over_a_skipped_midnight_are_merged() -> None:
    """In Havana 8 March 2026 begins at 01:00."""
    scene = Scene(
        hours(HAVANA, "00:00-03:00", "23:00-24:00"),
        span("2026-03-08T04:00Z", "2026-03-08T07:00Z"),
        rules=rules(duration=90, step=30),
    )
    assert scene.starts() == [
        "2026-03-07T23:00-05:00",
        "2026-03-07T23:30-05:00",
        "2026-03-08T01:00-04:00",
        "2026-03-08T01:30-04:00",
    ]


# Midnight


def test_a_session_may_run_over_midnight() -> None:
    scene = replace(
        day_in_new_york("20:00-24:00", "00:00-02:00"), rules=rules(duration=180, step=60)
    )
    assert scene.clocks() == ["20:00", "21:00", "22:00", "23:00"]


def test_hours_that_touch_over_midnight_count_steps_from_the_evening() -> None:
    scene = replace(
        day_in_new_york("22:10-24:00", "00:00-03:00"), rules=rules(duration=45, step=45)
    )
    assert scene.clocks() == ["00:25", "01:10", "01:55", "22:10", "22:55", "23:40"]


def test_hours_that_end_before_midnight_do_not_touch_the_next_day() -> None:
    scene = replace(
        day_in_new_york("22:10-23:59", "00:00-03:00"), rules=rules(duration=45, step=45)
    )
    assert scene.clocks() == ["00:00", "00:45", "01:30", "02:15", "22:10", "22:55"]


def test_a_closed_evening_before_lets_steps_count_from_midnight() -> None:
    overridden = hours(
        NEW_YORK, "22:10-24:00", "00:00-03:00", overrides={"2026-06-09": ["00:00-03:00"]}
    )
    scene = Scene(overridden, local_day(WEDNESDAY, NEW_YORK), rules=rules(duration=45, step=45))
    assert scene.clocks()[:4] == ["00:00", "00:45", "01:30", "02:15"]


def test_hours_over_several_midnights_count_steps_from_their_first_evening() -> None:
    """Open from Monday 08:00 to Sunday 24:00: Sunday 04:00 is 20 steps of seven hours after it."""
    week = {1: ["08:00-24:00"], **{day: ["00:00-24:00"] for day in range(2, 8)}}
    scene = Scene(
        hours(NEW_YORK, weekly=week),
        local_day("2026-06-14", NEW_YORK),
        rules=rules(duration=60, step=420),
    )
    assert scene.clocks() == ["04:00", "11:00", "18:00"]


def test_hours_that_never_close_count_steps_from_each_midnight() -> None:
    scene = replace(day_in_new_york("00:00-24:00"), rules=rules(duration=60, step=400))
    assert scene.clocks() == ["00:00", "06:40", "13:20", "20:00"]


@pytest.mark.parametrize(
    ("opened_on", "clocks"),
    [
        pytest.param("2026-06-03", ["05:20", "12:00", "18:40"], id="a-week-ago-still-counts"),
        pytest.param(
            "2026-06-02", ["00:00", "06:40", "13:20", "20:00"], id="longer-ago-is-never-closed"
        ),
    ],
)
def test_hours_of_more_than_a_week_count_steps_as_if_never_closed(
    opened_on: str, clocks: list[str]
) -> None:
    """Open without end from 20:00 on that date; the search is for Wednesday, 10 June."""
    scene = Scene(
        hours(NEW_YORK, "00:00-24:00", overrides={opened_on: ["20:00-24:00"]}),
        local_day(WEDNESDAY, NEW_YORK),
        rules=rules(duration=60, step=400),
    )
    assert scene.clocks() == clocks


def test_hours_that_never_close_let_a_session_run_over_midnight() -> None:
    scene = replace(day_in_new_york("00:00-24:00"), rules=rules(duration=300, step=420))
    assert scene.clocks() == ["00:00", "07:00", "14:00", "21:00"]


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


def sessions_at(*starts: str) -> list[BusySession]:
    return [BusySession(seconds(start), seconds(start) + HOUR, 0, 0) for start in starts]


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


# The current time of the session, in another format


PRESENT = CurrentMeeting(seconds(f"{WEDNESDAY}T10:00-04:00"), Format.VIDEO, None)
IN_PERSON_PRESENT = CurrentMeeting(PRESENT.start, Format.IN_PERSON, MAIN_STREET)


def test_the_current_time_with_the_current_format_is_not_offered() -> None:
    scene = replace(day_in_new_york("09:00-12:00"), request=request(present=PRESENT))
    assert scene.clocks() == ["09:00", "11:00"]


def test_the_current_time_with_the_current_location_is_not_offered() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(
            Format.IN_PERSON, locations=[MAIN_STREET, HARBOUR], present=IN_PERSON_PRESENT
        ),
    )
    at_ten = [slot for slot in scene.offer().slots if slot.start == PRESENT.start]
    assert at_ten == [Slot(PRESENT.start, HARBOUR)]


def test_the_current_time_is_offered_once_in_another_format() -> None:
    scene = replace(day_in_new_york("09:00-12:00"), request=request(Format.PHONE, present=PRESENT))
    assert scene.clocks() == ["09:00", "10:00", "11:00"]


def test_the_current_time_is_not_offered_if_a_change_of_format_is_refused() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(Format.PHONE, present=PRESENT, may_change_format=False),
    )
    assert scene.clocks() == ["09:00", "11:00"]


def change_of_format(scene: Scene) -> Scene:
    """Build a search for the current time by phone, with a policy that refuses rescheduling."""
    return replace(scene, request=request(Format.PHONE, present=PRESENT, may_move=False))


def test_the_current_time_is_offered_in_another_format_if_rescheduling_is_refused() -> None:
    offer = change_of_format(day_in_new_york("09:00-12:00")).offer()
    assert offer.slots == [Slot(PRESENT.start, None)]
    assert offer.empty_reason is None


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=48 * 60),
                now=f"{WEDNESDAY}T09:59-04:00",
            ),
            id="notice",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(horizon_days=0),
                now="2026-06-01T00:00-04:00",
            ),
            id="horizon",
        ),
        pytest.param(replace(day_in_new_york("09:10-12:10"), rules=rules(step=60)), id="step"),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at(f"{WEDNESDAY}T20:00-04:00"),
                per_day=1,
                per_week=1,
            ),
            id="limits",
        ),
        pytest.param(day_in_new_york("10:00-11:00"), id="hours-just-long-enough"),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=[busy(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00")],
            ),
            id="busy-right-after",
        ),
    ],
)
def test_rules_that_do_not_apply_to_another_format_at_the_current_time(scene: Scene) -> None:
    assert change_of_format(scene).offer().slots == [Slot(PRESENT.start, None)]


def test_the_maximum_distance_does_not_apply_to_another_format_at_the_current_time() -> None:
    scene = replace(
        day_in_new_york("09:00-12:00"),
        request=request(Format.PHONE, present=PRESENT, move_window=Interval(0, 1)),
    )
    assert scene.clocks() == ["10:00"]


@pytest.mark.parametrize(
    "scene",
    [
        pytest.param(day_in_new_york("09:00-10:59"), id="hours-a-minute-short"),
        pytest.param(day_in_new_york("10:01-12:00"), id="hours-a-minute-late"),
        pytest.param(
            day_in_new_york(opening("09:00-12:00", Format.VIDEO)), id="other-formats-hours"
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                blocked=[span(f"{WEDNESDAY}T10:59-04:00", f"{WEDNESDAY}T11:00-04:00")],
            ),
            id="busy",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=[busy(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00", before=15)],
            ),
            id="another-sessions-buffer",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                window=Interval(PRESENT.start + 1, PRESENT.start + HOUR),
            ),
            id="range-begins-after-it",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                window=Interval(PRESENT.start - HOUR, PRESENT.start),
            ),
            id="range-ends-at-it",
        ),
    ],
)
def test_rules_that_apply_to_another_format_at_the_current_time(scene: Scene) -> None:
    offer = change_of_format(scene).offer()
    assert offer.slots == []
    assert offer.empty_reason is EmptyReason.RESCHEDULE_REFUSED


def test_another_location_at_the_current_time_needs_hours_of_that_location() -> None:
    scene = replace(
        day_in_new_york(opening("09:00-12:00", None, MAIN_STREET)),
        request=request(
            Format.IN_PERSON, locations=[HARBOUR], present=IN_PERSON_PRESENT, may_move=False
        ),
    )
    assert scene.offer().slots == []


def test_another_format_at_the_current_time_may_run_over_midnight() -> None:
    present = CurrentMeeting(seconds("2026-06-10T23:30-04:00"), Format.VIDEO, None)
    scene = replace(
        day_in_new_york("23:00-24:00", "00:00-00:30"),
        request=request(Format.PHONE, present=present, may_move=False),
    )
    assert scene.clocks() == ["23:30"]


# Reasons for an empty result


@pytest.mark.parametrize(
    ("scene", "reason"),
    [
        pytest.param(
            replace(
                day_in_new_york("09:00-10:00"),
                sessions=sessions_at(f"{WEDNESDAY}T09:00-04:00"),
            ),
            EmptyReason.FULLY_BOOKED,
            id="sessions-take-it-all",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-10:00"), blocked=[local_day(WEDNESDAY, NEW_YORK)]),
            EmptyReason.FULLY_BOOKED,
            id="time-off-takes-it-all",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at(f"{WEDNESDAY}T20:00-04:00"),
                per_day=1,
            ),
            EmptyReason.FULLY_BOOKED,
            id="the-days-limit-is-reached",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-10:00"), request=request(present=PRESENT, locations=[None])
            ),
            None,
            id="there-is-something",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                sessions=sessions_at("2026-06-08T09:00-04:00"),
                per_week=1,
            ),
            EmptyReason.FULLY_BOOKED,
            id="the-weeks-limit-is-reached",
        ),
        pytest.param(
            replace(day_in_new_york("10:00-11:00"), request=request(present=PRESENT)),
            EmptyReason.FULLY_BOOKED,
            id="the-session-itself-has-the-only-start",
        ),
        pytest.param(day_in_new_york(), EmptyReason.NO_WORKING_HOURS, id="no-hours-at-all"),
        pytest.param(
            day_in_new_york("09:00-09:59", "11:00-11:30"),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-shorter-than-the-session",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-09:59"), blocked=[local_day(WEDNESDAY, NEW_YORK)]),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-shorter-than-the-session-before-what-takes-them",
        ),
        pytest.param(
            replace(
                Scene(
                    hours(NEW_YORK, weekly={2: ["23:00-24:00"], 3: ["00:00-00:30"]}),
                    local_day(WEDNESDAY, NEW_YORK),
                ),
                rules=rules(step=30),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="only-the-rest-of-the-day-before's-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york(opening("09:00-12:00", None, MAIN_STREET)),
                request=request(Format.IN_PERSON, locations=[HARBOUR]),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="no-hours-at-this-location",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), request=request(locations=[])),
            EmptyReason.NO_WORKING_HOURS,
            id="the-format-is-off-offer",
        ),
        pytest.param(
            day_in_new_york(opening("09:00-12:00", Format.PHONE)),
            EmptyReason.NO_WORKING_HOURS,
            id="no-hours-of-this-format",
        ),
        pytest.param(
            Scene(
                hours(NEW_YORK, weekly={2: ["09:00-12:00"], 4: ["09:00-12:00"]}),
                local_day(WEDNESDAY, NEW_YORK),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="hours-on-the-neighbouring-days-only",
        ),
        pytest.param(
            Scene(
                hours(NEW_YORK, "09:00-12:00", overrides={WEDNESDAY: []}),
                local_day(WEDNESDAY, NEW_YORK),
            ),
            EmptyReason.NO_WORKING_HOURS,
            id="closed-on-that-date",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(horizon_days=3),
                now="2026-06-06T23:59-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="beyond-the-horizon",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=24 * 60),
                now=f"{WEDNESDAY}T00:00-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="all-within-the-minimum-notice",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), now="2026-06-11T00:00-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="past",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), now=f"{WEDNESDAY}T11:30-04:00"),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-hours-of-this-day-are-past",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                rules=rules(notice=3 * 60),
                now=f"{WEDNESDAY}T09:00-04:00",
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-minimum-notice-leaves-only-time-after-the-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                request=request(move_window=Interval(0, seconds(f"{WEDNESDAY}T09:00-04:00"))),
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="the-policys-distance-leaves-only-time-before-the-hours",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                now=f"{WEDNESDAY}T10:30-04:00",
                blocked=[span(f"{WEDNESDAY}T11:00-04:00", f"{WEDNESDAY}T12:00-04:00")],
            ),
            EmptyReason.FULLY_BOOKED,
            id="what-is-left-of-the-hours-is-taken",
        ),
        pytest.param(
            replace(
                day_in_new_york("09:00-12:00"),
                request=request(move_window=local_day("2026-06-11", NEW_YORK)),
            ),
            EmptyReason.OUTSIDE_HORIZON,
            id="beyond-the-policys-distance",
        ),
        pytest.param(
            replace(day_in_new_york("09:00-12:00"), request=request(may_move=False)),
            EmptyReason.RESCHEDULE_REFUSED,
            id="moving-is-refused",
        ),
        pytest.param(
            replace(
                day_in_new_york(),
                request=request(may_move=False),
                now="2026-06-11T00:00-04:00",
            ),
            EmptyReason.RESCHEDULE_REFUSED,
            id="refused-before-every-other-reason",
        ),
    ],
)
def test_a_result_without_slots_has_a_reason(scene: Scene, reason: EmptyReason | None) -> None:
    offer = scene.offer()
    assert offer.empty_reason is reason
    assert bool(offer.slots) is (reason is None)


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
    assert nearest([Slot(1, None), Slot(2, None)], 2, count=1) == [Slot(2, None)]


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
