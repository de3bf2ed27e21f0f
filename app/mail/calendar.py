"""Writes sessions and groups as VEVENTs (RFC 5545), for mails, calendar.ics and feeds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from icalendar import (
    Calendar,
    Event,
    Timezone,
    TimezoneDaylight,
    TimezoneStandard,
    vCalAddress,
    vDuration,
)
from icalendar.enums import CLASS, CUTYPE, PARTSTAT, ROLE, STATUS

from app.domain.session import Status
from app.domain.zones import (
    DAY,
    constant_offsets,
    from_seconds,
    is_daylight_time,
    to_seconds,
)
from app.mail.sanitize import lines, one_line, web_address
from app.standards.addresses import mailto
from app.texts.catalogue import Texts

Method = Literal["PUBLISH", "REQUEST", "CANCEL"]
# How often calendar programs read a feed again.
REFRESH = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Person:
    """A name and an email address."""

    name: str
    email: str


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """The data of a calendar entry; never a reason or a note.

    `id` is the session's, or the group's in the practitioner's entry. `starts_at` and `ends_at` are
    instants, written in `zone`, the practitioner's. `with_whom` stands in the title: the practice
    for the client, the client for the practitioner. `url` is the place of a video session, never a
    link with a token: everybody who shares the client's calendar can see it. `texts` is the
    catalogue for the sentence below the description: declining the entry does not cancel the
    session. `title` stands in place of service and practice.
    """

    id: UUID
    sequence: int
    status: Status
    starts_at: datetime
    ends_at: datetime
    zone: ZoneInfo
    service_name: str
    with_whom: str
    description: tuple[str, ...]
    location: str | None
    url: str | None
    organizer: Person
    attendee: Person
    texts: Texts
    title: str | None = None


def make_calendar(event: CalendarEvent, method: Method, now: datetime) -> bytes:
    """Write one session or group as an iCalendar object with `now` as its DTSTAMP.

    Its UID never changes, and SEQUENCE increases with every change, so that a calendar
    updates its existing entry. Source: product.md section 6, RFC 5546.
    """
    calendar = _calendar(method)
    starts_at, ends_at = _local_times(event)
    calendar.add_component(_entry(event, method, starts_at, ends_at, now))
    if calendar.get_missing_tzids():
        calendar.subcomponents.insert(0, _time_zone(event.zone, starts_at.year))
    written: bytes = calendar.to_ical()
    return written


def make_feed(name: str, entries: Iterable[tuple[CalendarEvent, datetime]]) -> bytes:
    """Write sessions and groups as one published iCalendar object, each with its DTSTAMP.

    Times are in UTC, which needs no VTIMEZONE for each zone and year. UID and SEQUENCE are those of
    `make_calendar`. The same input gives the same bytes.
    """
    calendar = _calendar("PUBLISH")
    written_name = one_line(name)
    calendar.add("name", written_name)
    # Older programs know these two only by the names that they had before RFC 7986.
    calendar.add("x-wr-calname", written_name)
    calendar.add("refresh-interval", REFRESH, {"VALUE": "DURATION"})
    calendar.add("x-published-ttl", vDuration(REFRESH))
    for event, stamp in entries:
        times = event.starts_at.astimezone(UTC), event.ends_at.astimezone(UTC)
        calendar.add_component(_entry(event, "PUBLISH", *times, stamp))
    written: bytes = calendar.to_ical()
    return written


def _calendar(method: Method) -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Reslot//Reslot//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    return calendar


def _entry(
    event: CalendarEvent, method: Method, starts_at: datetime, ends_at: datetime, now: datetime
) -> Event:
    return Event.new(
        uid=f"{event.id}@reslot",
        stamp=now.astimezone(UTC),
        sequence=event.sequence,
        status=STATUS.CANCELLED if event.status is Status.CANCELLED else STATUS.CONFIRMED,
        start=starts_at,
        end=ends_at,
        summary=one_line(event.title or f"{event.service_name}, {event.with_whom}"),
        description="\n".join(lines(text) for text in (*event.description, *_warning(event))),
        location=None if event.location is None else one_line(event.location),
        url=web_address(event.url),
        organizer=vCalAddress.new(mailto(event.organizer.email), cn=one_line(event.organizer.name)),
        # A published entry has no attendees (RFC 5546 section 3.2.1).
        attendees=[] if method == "PUBLISH" else [_attendee(event.attendee)],
        # Others who share the client's calendar see that the client is busy, but no details.
        classification=CLASS.PRIVATE,
    )


def _warning(event: CalendarEvent) -> tuple[str, ...]:
    """Say what deleting the entry does not do, while the session takes place."""
    if event.status is Status.CANCELLED:
        return ()
    return (event.texts("mail.declining-cancels-nothing"),)


def _attendee(person: Person) -> vCalAddress:
    return vCalAddress.new(
        mailto(person.email),
        cn=one_line(person.name),
        cutype=CUTYPE.INDIVIDUAL,
        role=ROLE.REQ_PARTICIPANT,
        partstat=PARTSTAT.ACCEPTED,
        rsvp=False,
    )


def _local_times(event: CalendarEvent) -> tuple[datetime, datetime]:
    """Return start and end in the event's zone, or in UTC if one of them is ambiguous there.

    A local time that occurs twice means its first occurrence (RFC 5545 section 3.3.5), so the
    second one can be written in UTC only.
    """
    local = event.starts_at.astimezone(event.zone), event.ends_at.astimezone(event.zone)
    if any(time.fold for time in local):
        return event.starts_at.astimezone(UTC), event.ends_at.astimezone(UTC)
    return local


@lru_cache(maxsize=256)
def _time_zone(zone: ZoneInfo, year: int) -> Timezone:
    """Write the VTIMEZONE of a zone for sessions that start in `year`.

    The onset of an observance is written in the offset before it (RFC 5545 section 3.6.5). The
    VTIMEZONE that icalendar generates is an hour wrong where clocks go forward.
    """
    first = to_seconds(datetime(year, 1, 1, tzinfo=UTC)) - 2 * DAY
    last = to_seconds(datetime(year + 1, 1, 1, tzinfo=UTC)) + 3 * DAY
    described = Timezone()
    described.add("TZID", zone.key)
    offset_from = None
    for piece in constant_offsets(zone, first, last):
        local = from_seconds(piece.start).astimezone(zone)
        is_daylight = is_daylight_time(local, zone)
        observance = TimezoneDaylight() if is_daylight else TimezoneStandard()
        to, before = timedelta(seconds=piece.offset), offset_from
        observance.add("TZNAME", local.tzname())
        observance.TZOFFSETTO = to
        observance.TZOFFSETFROM = to if before is None else before
        observance.DTSTART = (from_seconds(piece.start) + observance.TZOFFSETFROM).replace(
            tzinfo=None
        )
        described.add_component(observance)
        offset_from = to
    return described
