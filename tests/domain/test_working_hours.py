"""Slots within working hours, on the days on which clocks change, and over midnight."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.domain.session import Format
from tests.domain.builders import (
    HARBOUR,
    HAVANA,
    LONDON,
    LORD_HOWE,
    MAIN_STREET,
    NEW_YORK,
    WEDNESDAY,
    Scene,
    day_in_new_york,
    hours,
    local_day,
    opening,
    request,
    rules,
    span,
)

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
