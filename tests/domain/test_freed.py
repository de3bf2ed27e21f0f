"""What a change of hours, holidays or busy times frees."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from app.domain.availability import HoursInterval
from app.domain.freed import (
    MOST_FREED,
    Time,
    freed_of_busy,
    local_days,
    longer_hours,
    minutes_of_day,
    weekly_times,
)
from app.domain.intervals import Interval
from app.domain.session import Format

ZONE = ZoneInfo("America/New_York")
NOW = datetime(2026, 12, 3, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
ROOM, OTHER_ROOM = UUID(int=1), UUID(int=2)
VIDEO, IN_PERSON = Format.VIDEO, Format.IN_PERSON


def at(hours: float) -> datetime:
    return NOW + hours * HOUR


@pytest.mark.parametrize(
    ("before", "after", "freed"),
    [
        ([(at(1), at(3))], [], [(at(1), at(3))]),
        ([(at(1), at(3))], [(at(1), at(2))], [(at(2), at(3))]),
        ([(at(1), at(3))], [(at(1), at(3) - TICK)], [(at(3) - TICK, at(3))]),
        ([(at(1), at(3))], [(at(0), at(4))], []),
        ([(at(1), at(2)), (at(5), at(6))], [(at(1), at(2))], [(at(5), at(6))]),
        # What has passed is free for nobody; what has begun is named as it was.
        ([(at(-2), at(0))], [], []),
        ([(at(-2), at(0) + TICK)], [], [(at(-2), at(0) + TICK)]),
    ],
)
def test_busy_times_that_go_or_become_shorter_free_what_is_left(
    before: list[tuple[datetime, datetime]],
    after: list[tuple[datetime, datetime]],
    freed: list[tuple[datetime, datetime]],
) -> None:
    assert freed_of_busy(before, after, NOW) == freed


def test_of_many_busy_times_the_first_are_freed() -> None:
    many = [(at(number), at(number + 0.5)) for number in range(-5, 100)]
    assert freed_of_busy(many, [], NOW) == many[5 : 5 + MOST_FREED]


def open_(start: int, end: int, *place: Format | UUID | None) -> HoursInterval:
    return HoursInterval(start, end, *place)  # type: ignore[arg-type] # format, then location


@pytest.mark.parametrize(
    ("before", "after", "opened"),
    [
        ([], [open_(540, 720)], [(540, 720)]),
        ([open_(540, 720)], [], []),
        ([open_(540, 720)], [open_(540, 720)], []),
        ([open_(540, 720)], [open_(480, 780)], [(480, 540), (720, 780)]),
        ([open_(540, 600), open_(600, 720)], [open_(540, 720)], []),
        # A format that is new at an hour frees it; hours for all formats had it already.
        ([open_(540, 720, VIDEO)], [open_(540, 720, IN_PERSON)], [(540, 720)]),
        ([open_(540, 720, VIDEO)], [open_(540, 720)], [(540, 720)]),
        ([open_(540, 720)], [open_(540, 780, VIDEO)], [(720, 780)]),
        ([open_(540, 720, None, ROOM)], [open_(540, 720, None, OTHER_ROOM)], [(540, 720)]),
        ([open_(540, 720, None, ROOM)], [open_(540, 720, IN_PERSON, ROOM)], []),
        # Two that overlap are one.
        ([], [open_(540, 660, VIDEO), open_(600, 720)], [(540, 720)]),
    ],
)
def test_longer_hours_free_the_minutes_that_are_new(
    before: list[HoursInterval], after: list[HoursInterval], opened: list[tuple[int, int]]
) -> None:
    assert longer_hours(before, after) == opened


def test_a_time_is_cut_at_local_midnights() -> None:
    start, end = datetime(2026, 12, 3, 23, tzinfo=UTC), datetime(2026, 12, 5, 5, tzinfo=UTC)
    midnights = [datetime(2026, 12, day, 5, tzinfo=UTC) for day in (4, 5)]
    assert list(local_days(start, end, ZONE)) == [
        (start, midnights[0]),
        (midnights[0], midnights[1]),
    ]
    assert list(local_days(start, start, ZONE)) == []


@pytest.mark.parametrize(
    ("day", "minutes", "expected"),
    [
        (date(2026, 12, 3), (540, 1440), ("2026-12-03T14:00Z", "2026-12-04T05:00Z")),
        # The clocks go back at 2:00: the hour from 1:00 is there twice.
        (date(2026, 11, 1), (60, 90), ("2026-11-01T05:00Z", "2026-11-01T06:30Z")),
        # They go forward at 2:00.
        (date(2027, 3, 14), (0, 1440), ("2027-03-14T05:00Z", "2027-03-15T04:00Z")),
    ],
)
def test_minutes_of_a_day_are_wall_clock_times(
    day: date, minutes: tuple[int, int], expected: tuple[str, str]
) -> None:
    assert minutes_of_day(day, Interval(*minutes), ZONE) == tuple(
        datetime.fromisoformat(one) for one in expected
    )


@pytest.mark.parametrize(
    ("name", "day", "end"),
    [
        ("Africa/Cairo", date(2027, 4, 29), "2027-04-29T22:00Z"),
        ("America/Santiago", date(2027, 9, 4), "2027-09-05T04:00Z"),
    ],
)
def test_a_day_ends_where_the_clocks_skip_its_midnight(name: str, day: date, end: str) -> None:
    found = minutes_of_day(day, Interval(1380, 1440), ZoneInfo(name))
    assert found.ends_at == datetime.fromisoformat(end)
    assert found.ends_at - found.starts_at == HOUR


def test_weekly_minutes_are_on_each_such_weekday_that_no_date_closes() -> None:
    first, last = date(2026, 12, 1), date(2026, 12, 17)
    weekly = {4: [Interval(540, 600), Interval(900, 960)]}
    found = list(weekly_times(weekly, first, last, {date(2026, 12, 10)}, ZONE))
    assert [one.starts_at for one in found] == [
        datetime(2026, 12, day, hour, tzinfo=UTC) for day in (3, 17) for hour in (14, 20)
    ]
    assert found[0] == Time(found[0].starts_at, found[0].starts_at + HOUR)
