"""Renders the mail of a notification: headers, text, HTML, and for clients a calendar part."""

from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from uuid import UUID

from app.configuration.settings import Settings
from app.domain.session import Status
from app.identity.tokens.link import LinkTokens, link_url
from app.identity.tokens.waiver import WaiverTokens, waiver_url
from app.mail.calendar import CalendarEvent, Method, Person, make_calendar
from app.mail.entry import labelled
from app.mail.sanitize import ascii_domain, mailbox, one_line
from app.mail.templates import MAIL_POLICY, templates_in
from app.notifications.mail.client_content import (
    MAX_ATTACHMENTS,
    MailContent,
    client_content,
    joining_lines,
    place_line,
)
from app.notifications.mail.data import MailData
from app.notifications.mail.facts import meeting_of
from app.notifications.mail.practitioner_content import practitioner_content
from app.notifications.mail.several import with_entries
from app.outbox.errors import UndeliverableError
from app.texts.catalogue import Texts

# The iTIP method of each kind (RFC 5546). A cancellation is `CANCEL`; other kinds
# do not change the client's calendar.
_METHODS: dict[str, Method] = {
    "booked": "REQUEST",
    "rescheduled": "REQUEST",
    "restored": "REQUEST",
}
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
    mail = compose(content)
    _add_headers(mail, data, content, settings, now)
    method = _method(data)
    if method is not None:
        add_calendar(mail, make_calendar(_event(data, content.texts), method, now), method)
    if data.recipient == "client":
        for other in with_entries(data)[:MAX_ATTACHMENTS]:
            _attach(mail, other, content.texts, now)
    # Set last: adding parts moves Content-* headers into the first part.
    mail["Content-Language"] = content.language
    return mail


def add_calendar(mail: EmailMessage, calendar: bytes, method: Method) -> None:
    """Add the calendar part after the text and the HTML, as another alternative."""
    mail.add_alternative(
        calendar.decode(), subtype="calendar", params={"method": method}, cte="base64"
    )


def _attach(mail: EmailMessage, data: MailData, texts: Texts, now: datetime) -> None:
    """Attach the calendar entry of another session that the mail lists."""
    method = _method(data)
    if method is None:
        return
    start = data.change.after.starts_at.astimezone(data.client.zone)
    mail.add_attachment(
        make_calendar(_event(data, texts), method, now).decode(),
        subtype="calendar",
        params={"method": method},
        cte="base64",
        filename=f"{start:%Y-%m-%d-%H%M}.ics",
    )


def compose(content: MailContent) -> EmailMessage:
    """Render the text part and the HTML part, without headers."""
    mail = EmailMessage(policy=MAIL_POLICY)
    mail.set_content(_render("mail.txt.j2", content), cte="quoted-printable")
    mail.add_alternative(_render("mail.html.j2", content), subtype="html", cte="quoted-printable")
    return mail


def _add_headers(
    mail: EmailMessage, data: MailData, content: MailContent, settings: Settings, now: datetime
) -> None:
    """Add the headers. Text that people entered is in display names only, cleaned by `mailbox`."""
    to_client = data.recipient == "client"
    recipient = data.client if to_client else data.practitioner
    mail["From"] = mailbox(data.practice_name, settings.mail_from)
    mail["To"] = mailbox(recipient.name, recipient.email)
    if to_client:
        _add_reply_to(mail, data)
    mail["Subject"] = content.subject
    add_technical_headers(mail, data.notification_id, settings, now)


def _add_reply_to(mail: EmailMessage, data: MailData) -> None:
    """Set Reply-To to the contact, or to the practice if the contact has no valid address."""
    practice = (data.practice_name, data.practice_email)
    for name, address in ((data.contact.name, data.contact.email), practice):
        with suppress(UndeliverableError):
            mail["Reply-To"] = mailbox(name, address or "")
            return


def add_technical_headers(
    mail: EmailMessage, notification_id: UUID, settings: Settings, now: datetime
) -> None:
    """Add Date, Message-ID (the notification's id at the sender's domain), Auto-Submitted."""
    mail["Date"] = format_datetime(now)
    domain = ascii_domain(settings.mail_from.rpartition("@")[2])
    mail["Message-ID"] = f"<{notification_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"


def _render(template: str, content: MailContent) -> str:
    return _TEMPLATES.get_template(template).render(content=content)


def _method(data: MailData) -> Method | None:
    """Return the iTIP method of the calendar part; None if a later change has sent its own."""
    if data.recipient != "client" or data.change.superseded:
        return None
    return "CANCEL" if data.is_cancellation else _METHODS.get(data.kind)


def _event(data: MailData, texts: Texts) -> CalendarEvent:
    meeting = meeting_of(data)
    cancelled = data.is_cancellation
    return CalendarEvent(
        id=data.session_id,
        sequence=data.change.calendar_sequence,
        status=Status.CANCELLED if cancelled else Status.BOOKED,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        zone=data.practitioner.zone,
        service_name=data.service_name,
        practice_name=data.practice_name,
        description=(
            labelled(texts("mail.practitioner"), one_line(data.practitioner.name), texts),
            *(() if cancelled else joining_lines(meeting, texts)),
        ),
        location=place_line(meeting, texts),
        url=None if cancelled else meeting.join_url,
        organizer=Person(data.practice_name, data.practice_email),
        attendee=Person(data.client.name, data.client.email),
        texts=texts,
    )
