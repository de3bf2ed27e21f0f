"""The calendar part of mails, parsed by a calendar library."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

import pytest
from icalendar import Calendar, Event

from app.domain.session import Status
from app.mail.calendar import CalendarEvent, Person, make_calendar
from app.texts.catalogue import ENGLISH

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SESSION_ID = UUID("6d1f5a5e-9f5c-4a53-8d7a-0d8ad7a1a111")
EVENT = CalendarEvent(
    id=SESSION_ID,
    sequence=4,
    status=Status.BOOKED,
    starts_at=datetime(2026, 12, 3, 20, tzinfo=UTC),
    ends_at=datetime(2026, 12, 3, 20, 50, tzinfo=UTC),
    zone=ZoneInfo("America/Denver"),
    service_name="Follow-up",
    with_whom="Harbor Wellness",
    description=("With: Dr. Maya Chen", "Ring twice"),
    location="Harbor Street, 1 Harbor Street",
    url="https://video.example/maya",
    organizer=Person("Harbor Wellness", "hello@harbor.example"),
    attendee=Person("Ana Ruiz", "ana@client.example"),
    texts=ENGLISH,
)


def read(content: bytes) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(content)
    (event,) = calendar.events
    return calendar, event


def start_of(event: Event) -> datetime:
    start = event.start
    assert isinstance(start, datetime)
    return start


def at(start: datetime, zone: str = "America/Denver") -> CalendarEvent:
    return replace(
        EVENT, starts_at=start, ends_at=start + timedelta(minutes=50), zone=ZoneInfo(zone)
    )


def test_a_request_has_all_that_a_calendar_needs() -> None:
    calendar, event = read(make_calendar(EVENT, "REQUEST", NOW))
    assert calendar["METHOD"] == "REQUEST"
    assert [zone.tz_name for zone in calendar.timezones] == ["America/Denver"]
    assert event["UID"] == f"{SESSION_ID}@reslot"
    assert event["SEQUENCE"] == 4
    assert event["STATUS"] == "CONFIRMED"
    assert event["DTSTART"].params["TZID"] == "America/Denver"
    assert (event.start, event.end) == (EVENT.starts_at, EVENT.ends_at)
    assert event.stamp == NOW
    assert event["SUMMARY"] == "Follow-up, Harbor Wellness"
    assert event["LOCATION"] == EVENT.location
    assert event["URL"] == EVENT.url
    assert event["ORGANIZER"] == "mailto:hello@harbor.example"
    assert event["ATTENDEE"] == "mailto:ana@client.example"
    assert event["ATTENDEE"].params["RSVP"] == "FALSE"
    assert event["CLASS"] == "PRIVATE"
    assert str(event["DESCRIPTION"]).split("\n") == [
        "With: Dr. Maya Chen",
        "Ring twice",
        "Declining or deleting this calendar entry does not cancel the session.",
    ]


def test_a_cancellation_is_marked_as_one() -> None:
    calendar, event = read(make_calendar(replace(EVENT, status=Status.CANCELLED), "CANCEL", NOW))
    assert (calendar["METHOD"], event["STATUS"]) == ("CANCEL", "CANCELLED")


def test_a_published_entry_has_no_attendee() -> None:
    calendar, event = read(make_calendar(EVENT, "PUBLISH", NOW))
    assert calendar["METHOD"] == "PUBLISH"
    assert "ATTENDEE" not in event
    assert "ORGANIZER" in event


@pytest.mark.parametrize(
    "zone", ["America/Denver", "Australia/Lord_Howe", "Africa/Casablanca", "Asia/Kolkata", "UTC"]
)
def test_times_over_a_whole_year_are_read_back_unchanged(zone: str) -> None:
    """The zone definition in the file is correct, also around clock changes."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for hours in range(0, 366 * 24, 101):
        instant = start + timedelta(hours=hours)
        calendar, event = read(make_calendar(at(instant, zone), "REQUEST", NOW))
        assert start_of(event).astimezone(UTC) == instant
        for described in calendar.timezones:
            wall = start_of(event).replace(tzinfo=described.to_tz(lookup_tzid=False))
            assert wall.astimezone(UTC) == instant


def test_the_hour_after_clocks_went_forward_is_described_correctly() -> None:
    instant = datetime(2026, 3, 8, 9, 30, tzinfo=UTC)  # 03:30 in Denver, half an hour after
    calendar, event = read(make_calendar(at(instant), "REQUEST", NOW))
    (daylight,) = calendar.timezones[0].daylight
    assert daylight.DTSTART.isoformat() == "2026-03-08T02:00:00"  # in the offset before
    assert start_of(event).astimezone(UTC) == instant


def test_the_second_of_two_same_hours_is_spelled_in_utc() -> None:
    first = datetime(2026, 11, 1, 7, 30, tzinfo=UTC)  # 01:30 in Denver, before clocks go back
    second = first + timedelta(hours=1)
    _, event = read(make_calendar(at(first - timedelta(minutes=30)), "REQUEST", NOW))
    assert event["DTSTART"].params["TZID"] == "America/Denver"
    calendar, event = read(make_calendar(at(second), "REQUEST", NOW))
    assert event.start == second
    assert "TZID" not in event["DTSTART"].params
    assert not calendar.timezones


def test_nothing_typed_can_add_a_line() -> None:
    typed = "x\r\nATTENDEE:mailto:evil@evil.example\nEND:VEVENT"
    nasty = replace(
        EVENT,
        service_name=typed,
        with_whom=typed,
        description=(typed,),
        location=typed,
        url=f"https://x.example/{typed}",
        organizer=Person(typed, "hello@harbor.example"),
        attendee=Person(f'"{typed}', "ana@client.example"),
    )
    content = make_calendar(nasty, "REQUEST", NOW)
    _, event = read(content)
    assert event["ATTENDEE"] == "mailto:ana@client.example"
    assert "URL" not in event
    assert content.count(b"\r\nEND:VEVENT") == 1


ZONES = sorted(available_timezones() - {"Factory", "localtime"})


def _rules(zone: str) -> tuple[tuple[timedelta | None, timedelta | None], ...]:
    """What a zone's clocks show on each day of a year: equal for zones with the same rules."""
    days = (datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day) for day in range(365))
    local = [day.astimezone(ZoneInfo(zone)) for day in days]
    return tuple((instant.utcoffset(), instant.dst()) for instant in local)


def _one_zone_of_each_rule() -> list[str]:
    return sorted({_rules(zone): zone for zone in ZONES}.values())


@pytest.mark.slow
def test_standard_time_is_the_smaller_offset() -> None:
    """Also in Ireland and Morocco, where the time zone database defines it the other way round."""
    _standard_time_is_the_smaller_offset(_one_zone_of_each_rule())


@pytest.mark.slow
def test_standard_time_is_the_smaller_offset_in_every_zone() -> None:
    _standard_time_is_the_smaller_offset(ZONES)


def _standard_time_is_the_smaller_offset(zones: Sequence[str]) -> None:
    for zone, month in product(zones, (1, 7)):
        instant = datetime(2026, month, 15, 12, tzinfo=UTC)
        calendar, event = read(make_calendar(at(instant, zone), "REQUEST", NOW))
        assert start_of(event).astimezone(UTC) == instant, zone
        for described in calendar.timezones:
            offsets = {part.name: set[timedelta]() for part in described.subcomponents}
            for part in described.subcomponents:
                offsets[part.name].add(part.TZOFFSETTO)
            standard = offsets["STANDARD"]
            assert all(max(standard) < later for later in offsets.get("DAYLIGHT", ())), zone
