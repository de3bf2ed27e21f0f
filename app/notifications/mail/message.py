"""Renders the mail of a notification: headers, text, HTML, and for clients a calendar part."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

from app.configuration.settings import Settings
from app.domain.session import Status
from app.identity.tokens.link import LinkTokens, link_url
from app.identity.tokens.waiver import WaiverTokens, waiver_url
from app.mail.brand import Brand
from app.mail.calendar import CalendarEvent, Method, Person, make_calendar
from app.mail.entry import labelled
from app.mail.headers import add_technical_headers, reference_to
from app.mail.sanitize import mailbox, one_line
from app.mail.templates import new_mail, templates_in
from app.notifications.mail.client_content import (
    MAX_ATTACHMENTS,
    MailContent,
    client_content,
    joining_lines,
    place_line,
)
from app.notifications.mail.data import MailData, Party
from app.notifications.mail.facts import meeting_of
from app.notifications.mail.practitioner_content import practitioner_content
from app.notifications.mail.several import clients_of, with_entries
from app.outbox.errors import UndeliverableError
from app.texts.catalogue import Texts

# The iTIP method of each kind (RFC 5546). A cancellation is `CANCEL`; other kinds
# do not change the client's calendar.
_METHODS: dict[str, Method] = {
    "booked": "REQUEST",
    "rescheduled": "REQUEST",
    "restored": "REQUEST",
}
MAX_REFERENCES = 20
_TEMPLATES = templates_in(Path(__file__).parent / "templates")


def make_mail(data: MailData, settings: Settings, now: datetime) -> EmailMessage:
    """Render a notification with `now` as its Date. Its Message-ID is the same on each attempt.

    Raises:
        UndeliverableError: the recipient's address is not valid.
    """
    if data.recipient == "client":
        tokens = LinkTokens(settings.keys)
        content = client_content(
            data,
            lambda one, to=None: link_url(settings.portal_url, tokens.sign(one.link), to),
            now,
        )
    else:
        waivers = WaiverTokens(settings.keys)
        content = practitioner_content(
            data, lambda asked: waiver_url(settings.portal_url, waivers.sign(asked.link))
        )
    mail = compose(content, data.look.brand(data.practice_name))
    _add_headers(mail, data, content, settings, now)
    method = _method(data)
    if method is not None:
        calendar = make_calendar(_event(data, content.texts), method, now)
        add_calendar(mail, calendar, method)
        _attach(mail, data, calendar, method)
    for other in with_entries(data)[:MAX_ATTACHMENTS]:
        if method := _method(other):
            calendar = make_calendar(_event(other, content.texts), method, now)
            _attach(mail, other, calendar, method)
    # Set last: adding parts moves Content-* headers into the first part.
    mail["Content-Language"] = content.language
    return mail


def add_calendar(mail: EmailMessage, calendar: bytes, method: Method) -> None:
    """Add the calendar part after the text and the HTML, as another alternative."""
    mail.add_alternative(
        calendar.decode(), subtype="calendar", params={"method": method}, cte="base64"
    )


def _attach(mail: EmailMessage, data: MailData, calendar: bytes, method: Method) -> None:
    """Attach a calendar entry as a file, which programs offer that ignore the calendar part."""
    meeting = data.change.after
    start = meeting.starts_at.astimezone(meeting.clock(_recipient(data).zone))
    mail.add_attachment(
        calendar.decode(),
        subtype="calendar",
        params={"method": method},
        cte="base64",
        filename=f"{start:%Y-%m-%d-%H%M}.ics",
    )


def compose(content: MailContent, brand: Brand) -> EmailMessage:
    """Render the text part and the HTML part, without headers."""
    text, html = (
        _TEMPLATES.get_template(name).render(content=content, brand=brand)
        for name in ("mail.txt.j2", "mail.html.j2")
    )
    return new_mail(text, html, brand)


def _add_headers(
    mail: EmailMessage, data: MailData, content: MailContent, settings: Settings, now: datetime
) -> None:
    """Add the headers. Text that people entered is in display names only, cleaned by `mailbox`."""
    recipient = _recipient(data)
    mail["From"] = mailbox(data.look.sender(data.practice_name), settings.mail_from)
    mail["To"] = mailbox(recipient.name, recipient.email)
    _add_reply_to(mail, _contacts(data))
    mail["Subject"] = content.subject
    add_technical_headers(mail, data.notification_id, settings, now)
    add_thread(mail, [one.session_id for one in (data, *data.others)], settings)


def _recipient(data: MailData) -> Party:
    return data.client if data.recipient == "client" else data.practitioner


def add_thread(mail: EmailMessage, subjects: Sequence[UUID], settings: Settings) -> None:
    """Let mail programs show the mails about one session, or one group, as one thread.

    All of them refer to one message that was never sent: so the order in which they arrive, and
    those that are dropped, do not matter.
    """
    roots = [reference_to(one, settings) for one in subjects[:MAX_REFERENCES]]
    mail["In-Reply-To"] = roots[0]
    mail["References"] = " ".join(roots)


def _contacts(data: MailData) -> list[tuple[str, str | None]]:
    """List to whom an answer may go, the first choice first.

    A client's goes to the contact, a practitioner's to the client, if the mail is about one only.
    """
    practice = (data.practice_name, data.practice_email)
    if data.recipient == "client":
        return [(data.contact.name, data.contact.email), practice]
    clients = clients_of(data)
    return [*clients] if len(clients) == 1 else []


def _add_reply_to(mail: EmailMessage, contacts: Sequence[tuple[str, str | None]]) -> None:
    """Set Reply-To to the first contact that has a valid address."""
    for name, address in contacts:
        with suppress(UndeliverableError):
            mail["Reply-To"] = mailbox(name, address or "")
            return


def _method(data: MailData) -> Method | None:
    """Return the iTIP method of the calendar part; None if a later change has sent its own.

    Of a seat the practitioner has the entry of its group.
    """
    if data.change.superseded or (data.recipient != "client" and data.is_seat):
        return None
    return "CANCEL" if data.is_cancellation else _METHODS.get(data.kind)


def _event(data: MailData, texts: Texts) -> CalendarEvent:
    meeting, to_client = meeting_of(data), data.recipient == "client"
    cancelled, recipient = data.is_cancellation, _recipient(data)
    practitioner = labelled(texts("mail.practitioner"), one_line(data.practitioner.name), texts)
    return CalendarEvent(
        id=data.session_id,
        sequence=data.change.calendar_sequence,
        status=Status.CANCELLED if cancelled else Status.BOOKED,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=data.practitioner.zone,
        service_name=data.service_name,
        with_whom=data.practice_name if to_client else data.client.name,
        description=(
            *((practitioner,) if to_client else ()),
            *(() if cancelled else joining_lines(meeting, texts)),
        ),
        location=place_line(meeting, texts),
        url=None if cancelled else meeting.join_url,
        organizer=Person(data.practice_name, data.practice_email),
        attendee=Person(recipient.name, recipient.email),
        texts=texts,
    )
