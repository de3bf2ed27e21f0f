"""Renders a mail about a group, with the group's entry for the practitioner's calendar."""

from datetime import datetime
from email.message import EmailMessage

from app.configuration.settings import Settings
from app.domain.session import Status
from app.mail.calendar import CalendarEvent, Method, Person, make_calendar
from app.mail.entry import labelled
from app.mail.headers import add_technical_headers
from app.mail.sanitize import mailbox, one_line
from app.notifications.mail.client_content import joining_lines, place_line
from app.notifications.mail.data import GroupMailData
from app.notifications.mail.group_content import group_content
from app.notifications.mail.message import add_calendar, add_thread, compose
from app.texts.catalogue import Texts

_METHODS: dict[str, Method] = {
    "group_booked": "REQUEST",
    "group_moved": "REQUEST",
    "group_cancelled": "CANCEL",
}


def make_group_mail(data: GroupMailData, settings: Settings, now: datetime) -> EmailMessage:
    """Render the mail with `now` as its Date. Its Message-ID is the same on each attempt.

    Raises:
        UndeliverableError: the recipient's address is not valid.
    """
    content, method = group_content(data), _METHODS.get(data.kind)
    mail = compose(content, data.look.brand(data.practice_name))
    mail["From"] = mailbox(data.look.sender(data.practice_name), settings.mail_from)
    # Without a calendar entry the mail is for the practice: too few seats are taken.
    to = _practitioner(data) if method else Person(data.practice_name, data.practice_email)
    mail["To"] = mailbox(to.name, to.email)
    mail["Subject"] = content.subject
    add_technical_headers(mail, data.notification_id, settings, now)
    add_thread(mail, [data.group_id], settings)
    if method is not None:
        add_calendar(mail, make_calendar(_event(data, content.texts), method, now), method)
    # Set last: adding parts moves Content-* headers into the first part.
    mail["Content-Language"] = content.language
    return mail


def _practitioner(data: GroupMailData) -> Person:
    return Person(data.practitioner.name, data.practitioner.email)


def _event(data: GroupMailData, texts: Texts) -> CalendarEvent:
    """Write the group's one entry. It names no client."""
    meeting = data.present
    return CalendarEvent(
        id=data.group_id,
        sequence=data.calendar_sequence,
        status=Status.CANCELLED if data.is_cancelled else Status.BOOKED,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=data.practitioner.zone,
        service_name=data.service_name,
        with_whom=data.practice_name,
        description=(
            labelled(texts("mail.practitioner"), one_line(data.practitioner.name), texts),
            *(() if data.is_cancelled else joining_lines(meeting, texts)),
        ),
        location=place_line(meeting, texts),
        url=None if data.is_cancelled else meeting.join_url,
        organizer=Person(data.practice_name, data.practice_email),
        attendee=_practitioner(data),
        texts=texts,
    )
