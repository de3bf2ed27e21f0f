"""The iCalendar file of a session."""

from datetime import datetime
from typing import Any

from fastapi import Response

from app.domain.session import Status
from app.mail.calendar import CalendarEvent, Person, make_calendar
from app.mail.entry import entry_lines, entry_place, labelled
from app.mail.sanitize import one_line
from app.mail.texts.formatter import texts_in
from app.sessions.read.queries import CalendarPublisher
from app.sessions.read.records import SessionRecord

MEDIA_TYPE = "text/calendar"
_EXAMPLE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Reslot//Reslot//EN\r\nMETHOD:PUBLISH\r\n"
    "BEGIN:VEVENT\r\nUID:0b0e7c39-5a3f-4b1e-9a53-0f6a2f0f4c11@reslot\r\nSEQUENCE:2\r\n"
    "DTSTAMP:20261125T101500Z\r\nDTSTART:20261203T200000Z\r\nDTEND:20261203T205000Z\r\n"
    "SUMMARY:Follow-up\\, Harbor Wellness\r\nSTATUS:CONFIRMED\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
CALENDAR_EXAMPLE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One VEVENT.",
        "content": {MEDIA_TYPE: {"schema": {"type": "string"}, "example": _EXAMPLE}},
    }
}


class CalendarResponse(Response):
    """An iCalendar file."""

    media_type = MEDIA_TYPE


def calendar_response(
    record: SessionRecord, publisher: CalendarPublisher, now: datetime
) -> CalendarResponse:
    """Make the response with the session's calendar file."""
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="session.ics"',
        "ETag": record.etag,
    }
    return CalendarResponse(build_calendar_file(record, publisher, now), headers=headers)


def build_calendar_file(
    record: SessionRecord, publisher: CalendarPublisher, now: datetime
) -> bytes:
    """Build the calendar file of a session, without reasons.

    It says what the calendar part of the session's mails says, since it has the same UID and
    SEQUENCE. Fixed texts are in the client's language.
    """
    texts = texts_in(publisher.locale)
    cancelled = record.status is Status.CANCELLED
    place = None if record.location is None else (record.location.name, record.location.address)
    how = entry_lines(record.format, place, record.join_url, record.instructions, texts)
    with_whom = labelled(texts("mail.practitioner"), one_line(record.practitioner_name), texts)
    event = CalendarEvent(
        id=record.id,
        sequence=record.calendar_sequence,
        status=record.status,
        starts_at=record.starts_at,
        ends_at=record.ends_at,
        zone=record.practitioner_zone,
        service_name=record.service_name,
        with_whom=publisher.name,
        description=(with_whom, *(() if cancelled else how)),
        location=entry_place(record.format, place, record.join_url, texts),
        url=None if cancelled else record.join_url,
        organizer=Person(publisher.name, publisher.email),
        attendee=Person(record.client_name, record.client_email),
        texts=texts,
    )
    return make_calendar(event, "PUBLISH", now)
