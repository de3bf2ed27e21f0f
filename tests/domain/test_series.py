"""The dates of a series: the local time stays, whatever the clocks do."""

from datetime import date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.series import Every, series_starts, shift_between
from app.domain.zones import latest_reading
from tests.domain.builders import AUCKLAND, HONOLULU, LONDON, LORD_HOWE, NEW_YORK, at

WEEKLY = Every(1, "weeks")
ZONES = [NEW_YORK, LONDON, LORD_HOWE, AUCKLAND, HONOLULU, ZoneInfo("Asia/Kathmandu")]
EVERY = st.builds(Every, st.integers(1, 12), st.sampled_from(["days", "weeks", "months"]))
FIRST = st.builds(
    latest_reading,
    st.dates(date(2026, 1, 1), date(2030, 12, 31)),
    st.times().map(lambda time_: time_.replace(microsecond=0)),
    st.sampled_from(ZONES),
)


def starts(first: str, every: Every, zone: ZoneInfo, count: int) -> list[datetime]:
    return list(islice(series_starts(at(first), every, zone), count))


def walls(instants: list[datetime], zone: ZoneInfo) -> list[str]:
    return [instant.astimezone(zone).strftime("%d %b %H:%M") for instant in instants]


@pytest.mark.parametrize(
    ("zone", "first", "before", "after"),
    [
        pytest.param(
            NEW_YORK, "2026-10-26T15:00-04:00", "2026-10-26T19:00Z", "2026-11-02T20:00Z", id="later"
        ),
        pytest.param(
            LONDON, "2027-03-22T09:00Z", "2027-03-22T09:00Z", "2027-03-29T08:00Z", id="earlier"
        ),
        pytest.param(
            LORD_HOWE,
            "2027-03-29T10:00+11:00",
            "2027-03-28T23:00Z",
            "2027-04-04T23:30Z",
            id="half-an-hour",
        ),
    ],
)
def test_the_local_time_stays_over_a_clock_change(
    zone: ZoneInfo, first: str, before: str, after: str
) -> None:
    found = starts(first, WEEKLY, zone, 10)
    assert found[:2] == [at(before), at(after)]
    assert len({instant.astimezone(zone).time() for instant in found}) == 1


def test_the_practitioners_clock_counts_not_the_clients_on_the_other_side_of_the_world() -> None:
    """New York's clocks change on 1 November; Auckland's changed in September."""
    found = starts("2026-10-28T18:00-04:00", WEEKLY, NEW_YORK, 2)
    assert walls(found, NEW_YORK) == ["28 Oct 18:00", "04 Nov 18:00"]
    assert walls(found, AUCKLAND) == ["29 Oct 11:00", "05 Nov 12:00"]


def test_a_start_in_a_gap_moves_forward_by_the_gap_and_the_next_one_is_back() -> None:
    found = starts("2027-03-07T02:30-05:00", WEEKLY, NEW_YORK, 3)
    assert walls(found, NEW_YORK) == ["07 Mar 02:30", "14 Mar 03:30", "21 Mar 02:30"]


def test_of_a_repeated_local_time_the_later_reading_applies() -> None:
    found = starts("2026-10-25T01:30-04:00", WEEKLY, NEW_YORK, 3)
    assert found[1:] == [at("2026-11-01T01:30-05:00"), at("2026-11-08T01:30-05:00")]


def test_a_first_start_keeps_its_reading_of_a_repeated_local_time() -> None:
    found = starts("2026-11-01T01:30-04:00", WEEKLY, NEW_YORK, 2)
    assert found == [at("2026-11-01T01:30-04:00"), at("2026-11-08T01:30-05:00")]


def test_a_month_without_the_day_has_its_last_day_instead() -> None:
    found = starts("2027-12-31T09:00Z", Every(1, "months"), LONDON, 5)
    days = [instant.astimezone(LONDON).date().isoformat() for instant in found]
    assert days == ["2027-12-31", "2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"]


def test_every_other_day_and_every_third_month() -> None:
    days = starts("2026-12-30T09:00Z", Every(2, "days"), LONDON, 3)
    months = starts("2026-11-30T09:00Z", Every(3, "months"), LONDON, 3)
    assert walls(days, LONDON) == ["30 Dec 09:00", "01 Jan 09:00", "03 Jan 09:00"]
    assert walls(months, LONDON) == ["30 Nov 09:00", "28 Feb 09:00", "30 May 09:00"]


def test_a_date_that_the_zone_skipped_is_left_out() -> None:
    """Samoa had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    found = starts("2011-12-29T10:00-10:00", Every(1, "days"), apia, 3)
    assert walls(found, apia) == ["29 Dec 10:00", "31 Dec 10:00", "01 Jan 10:00"]


@given(FIRST, EVERY, st.sampled_from(ZONES), st.integers(1, 100))
def test_starts_ascend_and_show_the_first_local_time_except_in_a_gap(
    first: datetime, every: Every, zone: ZoneInfo, count: int
) -> None:
    found = list(islice(series_starts(first, every, zone), count))
    wall = first.astimezone(zone).time()
    assert found[0] == first
    assert len(found) == count
    assert all(one < next_ for one, next_ in pairwise(found))
    for start in found:
        local = start.astimezone(zone)
        assert local.time() == wall or is_in_gap(local.date(), wall, zone)


@given(FIRST, EVERY, st.sampled_from(ZONES), st.integers(-20, 20), st.times())
def test_a_shift_moves_each_date_by_the_same_days_to_the_same_local_time(
    first: datetime, every: Every, zone: ZoneInfo, days: int, to: time
) -> None:
    to = to.replace(microsecond=0)
    new = latest_reading(first.astimezone(zone).date() + timedelta(days=days), to, zone)
    shift = shift_between(first, new, zone)
    wall = new.astimezone(zone).time()
    for start in islice(series_starts(first, every, zone), 20):
        moved = shift.of(start).astimezone(zone)
        wanted = start.astimezone(zone).date() + timedelta(days=shift.days)
        assert (moved.date(), moved.time()) == (wanted, wall) or is_in_gap(wanted, wall, zone)


def is_in_gap(day: date, wall: time, zone: ZoneInfo) -> bool:
    """Tell whether clocks never show this local time: reading it back gives another one."""
    shown = latest_reading(day, wall, zone).astimezone(zone)
    return (shown.date(), shown.time()) != (day, wall)


def test_a_shift_over_a_clock_change_keeps_the_local_time_of_all() -> None:
    dates = starts("2026-10-20T15:00-04:00", WEEKLY, NEW_YORK, 4)
    shift = shift_between(dates[0], at("2026-10-22T09:30-04:00"), NEW_YORK)
    moved = [shift.of(date_) for date_ in dates]
    assert moved[0] == at("2026-10-22T09:30-04:00")
    assert walls(moved, NEW_YORK) == [
        "22 Oct 09:30",
        "29 Oct 09:30",
        "05 Nov 09:30",
        "12 Nov 09:30",
    ]
