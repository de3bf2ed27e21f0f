"""Booked sessions that no longer fit: outside the hours, in time off, or in external busy time."""

from uuid import UUID

import pytest

from app.domain.availability import WorkingHours
from app.domain.intervals import Interval
from app.domain.misfits import BookedTime, MisfitReason, find_misfits
from app.domain.session import Format
from tests.domain.builders import (
    HARBOUR,
    MAIN_STREET,
    NEW_YORK,
    UTC_ZONE,
    hours,
    opening,
    seconds,
    span,
)

OUTSIDE, OFF, ELSEWHERE = (
    MisfitReason.OUTSIDE_HOURS,
    MisfitReason.TIME_OFF,
    MisfitReason.BUSY_ELSEWHERE,
)
ALWAYS = hours(UTC_ZONE, "00:00-24:00")
DAY = "2026-06-10T"  # a Wednesday


def booked(
    start: str,
    end: str,
    format_: Format = Format.VIDEO,
    location_id: UUID | None = None,
    number: int = 1,
) -> BookedTime:
    return BookedTime(UUID(int=number), seconds(start), seconds(end), format_, location_id)


def reasons(
    session: BookedTime,
    working: WorkingHours = ALWAYS,
    off: tuple[Interval, ...] = (),
    elsewhere: tuple[Interval, ...] = (),
) -> list[MisfitReason]:
    found = find_misfits(working, off, elsewhere, [session])
    return found[0].reasons if found else []


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        pytest.param("09:00", "10:00", [], id="begins-with-the-hours"),
        pytest.param("16:00", "17:00", [], id="ends-with-the-hours"),
        pytest.param("08:59", "10:00", [OUTSIDE], id="begins-a-minute-early"),
        pytest.param("16:00", "17:01", [OUTSIDE], id="ends-a-minute-late"),
        pytest.param("18:00", "19:00", [OUTSIDE], id="lies-after-them"),
    ],
)
def test_a_session_fits_if_it_lies_completely_in_the_hours(
    start: str, end: str, expected: list[MisfitReason]
) -> None:
    working = hours(UTC_ZONE, "09:00-17:00")
    session = booked(f"{DAY}{start}Z", f"{DAY}{end}Z")
    assert reasons(session, working) == expected


def test_hours_that_touch_are_merged() -> None:
    working = hours(UTC_ZONE, "09:00-12:00", "12:00-17:00")
    assert reasons(booked(f"{DAY}11:30Z", f"{DAY}12:30Z"), working) == []


def test_hours_run_over_midnight() -> None:
    working = hours(UTC_ZONE, "00:00-02:00", "22:00-24:00")
    assert reasons(booked(f"{DAY}23:30Z", "2026-06-11T00:30Z"), working) == []
    assert reasons(booked("2026-06-11T01:30Z", "2026-06-11T02:30Z"), working) == [OUTSIDE]


@pytest.mark.parametrize(
    ("format_", "location_id", "expected"),
    [
        (Format.IN_PERSON, MAIN_STREET, []),
        (Format.IN_PERSON, HARBOUR, [OUTSIDE]),
        (Format.VIDEO, None, [OUTSIDE]),
    ],
)
def test_hours_of_a_format_and_a_location_apply_to_these_only(
    format_: Format, location_id: UUID | None, expected: list[MisfitReason]
) -> None:
    working = hours(UTC_ZONE, opening("09:00-17:00", Format.IN_PERSON, MAIN_STREET))
    session = booked(f"{DAY}10:00Z", f"{DAY}11:00Z", format_, location_id)
    assert reasons(session, working) == expected


def test_a_closed_date_replaces_the_weekly_hours() -> None:
    working = hours(UTC_ZONE, "09:00-17:00", overrides={"2026-06-10": []})
    assert reasons(booked(f"{DAY}10:00Z", f"{DAY}11:00Z"), working) == [OUTSIDE]
    assert reasons(booked("2026-06-11T10:00Z", "2026-06-11T11:00Z"), working) == []


def test_hours_are_wall_time_on_the_day_clocks_go_back() -> None:
    working = hours(NEW_YORK, "01:00-02:00")
    assert reasons(booked("2026-11-01T01:00-04:00", "2026-11-01T01:00-05:00"), working) == []
    assert reasons(booked("2026-11-01T01:30-05:00", "2026-11-01T02:00-05:00"), working) == []
    assert reasons(booked("2026-11-01T01:30-05:00", "2026-11-01T02:30-05:00"), working) == [OUTSIDE]


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        pytest.param("08:00", "10:00", False, id="ends-where-it-begins"),
        pytest.param("08:00", "10:01", True, id="reaches-a-minute-into-it"),
        pytest.param("10:59", "12:00", True, id="begins-a-minute-before-its-end"),
        pytest.param("11:00", "12:00", False, id="begins-where-it-ends"),
        pytest.param("10:15", "10:30", True, id="lies-within"),
        pytest.param("09:00", "12:00", True, id="covers-it"),
    ],
)
def test_time_off_and_external_busy_time_count_if_they_overlap(
    start: str, end: str, *, overlaps: bool
) -> None:
    session = booked(f"{DAY}10:00Z", f"{DAY}11:00Z")
    taken = (span("2026-06-09T10:00Z", "2026-06-09T11:00Z"), span(f"{DAY}{start}Z", f"{DAY}{end}Z"))
    assert reasons(session, off=taken) == ([OFF] if overlaps else [])
    assert reasons(session, elsewhere=taken) == ([ELSEWHERE] if overlaps else [])


def test_a_long_absence_is_found_if_a_short_one_starts_after_it() -> None:
    """The absence that starts last before the session is not the one that overlaps it."""
    month = span("2026-06-01T00:00Z", "2026-07-01T00:00Z")
    short = span(f"{DAY}08:00Z", f"{DAY}09:00Z")
    assert reasons(booked(f"{DAY}10:00Z", f"{DAY}11:00Z"), off=(short, month)) == [OFF]


def test_every_reason_is_listed() -> None:
    day = span(f"{DAY}00:00Z", "2026-06-11T00:00Z")
    session = booked(f"{DAY}10:00Z", f"{DAY}11:00Z")
    assert reasons(session, hours(UTC_ZONE), (day,), (day,)) == [OUTSIDE, OFF, ELSEWHERE]


def test_only_misfits_are_listed_in_the_order_of_the_sessions() -> None:
    sessions = [
        booked(f"{DAY}{hour:02}:00Z", f"{DAY}{hour:02}:50Z", number=hour) for hour in range(8, 12)
    ]
    found = find_misfits(hours(UTC_ZONE, "09:00-11:00"), [], [], sessions)
    assert [misfit.session_id.int for misfit in found] == [8, 11]
