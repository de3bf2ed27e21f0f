"""Wall times and instants, on days on which the clocks change."""

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import pytest

from app.domain.zones import (
    OffsetPeriod,
    constant_offsets,
    day_number,
    from_seconds,
    latest_reading,
    local_text,
    start_of_day,
    to_seconds,
)
from tests.domain.builders import (
    AUCKLAND,
    HAVANA,
    HOUR,
    LONDON,
    LORD_HOWE,
    NEW_YORK,
    UTC_ZONE,
    at,
    seconds,
)


def test_seconds_are_counted_from_the_epoch() -> None:
    assert to_seconds(at("1970-01-02T00:00+00:00")) == 86_400
    assert to_seconds(at("1970-01-01T00:00-05:00")) == 5 * HOUR
    assert from_seconds(86_400) == at("1970-01-02T00:00Z")
    assert from_seconds(0).tzinfo is UTC


@pytest.mark.parametrize("text", ["2026-03-01T00:00:00.999999Z", "1969-12-31T23:59:59.5Z"])
def test_fractions_of_a_second_are_rounded_down(text: str) -> None:
    assert from_seconds(to_seconds(at(text))) == at(text).replace(microsecond=0)


def test_a_repeated_wall_time_is_two_different_instants() -> None:
    first = datetime(2026, 11, 1, 1, 30, tzinfo=NEW_YORK)
    assert to_seconds(first.replace(fold=1)) - to_seconds(first) == HOUR


def test_days_are_counted_from_the_epoch() -> None:
    assert day_number(date(1970, 1, 1)) == 0
    assert day_number(date(1969, 12, 31)) == -1
    assert day_number(date(2026, 3, 1)) - day_number(date(2026, 2, 28)) == 1


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        pytest.param("2026-06-01", NEW_YORK, "2026-06-01T00:00-04:00", id="ordinary"),
        pytest.param("2026-03-08", NEW_YORK, "2026-03-08T00:00-05:00", id="before-a-gap"),
        pytest.param("2026-03-09", NEW_YORK, "2026-03-09T00:00-04:00", id="after-a-gap"),
        pytest.param("2026-03-08", HAVANA, "2026-03-08T01:00-04:00", id="midnight-skipped"),
        pytest.param("2026-11-01", HAVANA, "2026-11-01T00:00-04:00", id="midnight-twice"),
        pytest.param("2026-12-04", AUCKLAND, "2026-12-03T11:00Z", id="far-east"),
    ],
)
def test_a_local_day_starts_at_its_first_instant(day: str, zone: ZoneInfo, instant: str) -> None:
    assert start_of_day(date.fromisoformat(day), zone) == at(instant)
    assert start_of_day(date.fromisoformat(day), zone).tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "day", "clock", "instant"),
    [
        pytest.param(NEW_YORK, "2026-06-09", "17:00", "2026-06-09T17:00-04:00", id="ordinary"),
        pytest.param(NEW_YORK, "2026-03-08", "02:30", "2026-03-08T03:30-04:00", id="new-york-gap"),
        pytest.param(NEW_YORK, "2026-11-01", "01:30", "2026-11-01T01:30-05:00", id="new-york-fold"),
        pytest.param(LONDON, "2026-03-29", "01:30", "2026-03-29T02:30+01:00", id="london-gap"),
        pytest.param(LONDON, "2026-10-25", "01:30", "2026-10-25T01:30+00:00", id="london-fold"),
        pytest.param(
            LORD_HOWE, "2026-10-04", "02:15", "2026-10-04T02:45+11:00", id="lord-howe-gap"
        ),
        pytest.param(
            LORD_HOWE, "2026-04-05", "01:45", "2026-04-05T01:45+10:30", id="lord-howe-fold"
        ),
    ],
)
def test_an_ambiguous_or_skipped_wall_time_is_the_later_instant(
    zone: ZoneInfo, day: str, clock: str, instant: str
) -> None:
    reading = latest_reading(date.fromisoformat(day), time.fromisoformat(clock), zone)
    assert reading == at(instant)
    assert reading.tzinfo is UTC


@pytest.mark.parametrize(
    ("zone", "change", "before", "after"),
    [
        pytest.param(NEW_YORK, "2026-03-08T07:00Z", -5 * HOUR, -4 * HOUR, id="new-york-forward"),
        pytest.param(NEW_YORK, "2026-11-01T06:00Z", -4 * HOUR, -5 * HOUR, id="new-york-back"),
        pytest.param(LONDON, "2026-03-29T01:00Z", 0, HOUR, id="london-forward"),
        pytest.param(LORD_HOWE, "2026-10-03T15:30Z", 37_800, 39_600, id="lord-howe-half-an-hour"),
    ],
)
def test_time_is_split_exactly_at_a_change_of_offset(
    zone: ZoneInfo, change: str, before: int, after: int
) -> None:
    cut = seconds(change)
    assert constant_offsets(zone, cut - HOUR, cut + HOUR) == [
        OffsetPeriod(cut - HOUR, cut, before),
        OffsetPeriod(cut, cut + HOUR, after),
    ]


def test_a_change_at_the_edge_does_not_split() -> None:
    cut = seconds("2026-03-08T07:00Z")
    assert constant_offsets(NEW_YORK, cut - HOUR, cut) == [OffsetPeriod(cut - HOUR, cut, -5 * HOUR)]
    assert constant_offsets(NEW_YORK, cut, cut + HOUR) == [OffsetPeriod(cut, cut + HOUR, -4 * HOUR)]


def test_time_without_a_change_is_one_piece() -> None:
    start, end = seconds("2025-12-20T00:00Z"), seconds("2027-02-01T00:00Z")
    assert constant_offsets(UTC_ZONE, start, end) == [OffsetPeriod(start, end, 0)]


def test_a_span_over_new_year_includes_the_changes_of_both_years() -> None:
    pieces = constant_offsets(NEW_YORK, seconds("2025-10-01T00:00Z"), seconds("2026-04-01T00:00Z"))
    assert [piece.offset // HOUR for piece in pieces] == [-4, -5, -4]


def test_an_empty_span_has_no_pieces() -> None:
    assert constant_offsets(NEW_YORK, 0, 0) == []


def test_a_change_at_the_first_instant_of_a_utc_year_is_found() -> None:
    """The clocks of Palmer Station changed at 1965-01-01T00:00Z."""
    change = seconds("1965-01-01T00:00Z")
    pieces = constant_offsets(ZoneInfo("Antarctica/Palmer"), change - HOUR, change + HOUR)
    assert [(piece.start, piece.end) for piece in pieces] == [
        (change - HOUR, change),
        (change, change + HOUR),
    ]


def test_a_date_that_a_zone_skipped_has_no_instants() -> None:
    """Samoa crossed the date line: Apia had no 30 December 2011."""
    apia = ZoneInfo("Pacific/Apia")
    skipped, next_day = date(2011, 12, 30), date(2011, 12, 31)
    assert start_of_day(skipped, apia) == start_of_day(next_day, apia) == at("2011-12-30T10:00Z")
    change = seconds("2011-12-30T10:00Z")
    pieces = constant_offsets(apia, change - HOUR, change + HOUR)
    assert pieces[1].offset - pieces[0].offset == 24 * HOUR


@pytest.mark.parametrize(
    ("instant", "zone", "text"),
    [
        ("2026-07-01T09:00Z", LONDON, "2026-07-01T10:00:00+01:00"),
        ("2026-12-01T09:00Z", LONDON, "2026-12-01T09:00:00Z"),
        ("2026-12-01T09:00Z", UTC_ZONE, "2026-12-01T09:00:00Z"),
        ("2026-11-01T05:30Z", NEW_YORK, "2026-11-01T01:30:00-04:00"),
        ("2026-11-01T06:30Z", NEW_YORK, "2026-11-01T01:30:00-05:00"),
    ],
)
def test_a_local_time_is_written_with_its_own_offset(
    instant: str, zone: ZoneInfo, text: str
) -> None:
    assert local_text(seconds(instant), zone) == text
