"""Reading the mails in the folder where they land without an SMTP server."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from app.mail.sanitize import lines, one_line


@dataclass(frozen=True, slots=True)
class MailSummary:
    """One mail in a list. `number` counts from 1, the newest."""

    number: int
    date: datetime
    to: str
    subject: str
    path: Path


def list_mails(folder: Path) -> list[MailSummary]:
    """List the mails of a folder, newest first; none where there is no folder."""
    mails = [(path, _read(path)) for path in sorted(folder.glob("*.eml"))]
    mails.sort(key=lambda mail: (_date(mail[1]), mail[0].stat().st_mtime_ns), reverse=True)
    return [
        MailSummary(number, _date(mail), _header(mail, "To"), _header(mail, "Subject"), path)
        for number, (path, mail) in enumerate(mails, start=1)
    ]


def read_mail(path: Path) -> str:
    """Write a mail as a person reads it: headers, the text, and the names of the other parts."""
    mail = _read(path)
    head = [f"{name}: {_header(mail, name)}" for name in ("To", "Subject", "Date")]
    body = mail.get_body(preferencelist=("plain",))
    text = "" if body is None else lines(str(body.get_content()))
    others = [
        part.get_content_type()
        for part in mail.walk()
        if not part.is_multipart() and part is not body
    ]
    tail = [f"Also in this mail: {', '.join(others)}"] if others else []
    return "\n\n".join(["\n".join(head), text, *tail]) + "\n"


def _read(path: Path) -> EmailMessage:
    return message_from_bytes(path.read_bytes(), policy=default)


def _header(mail: EmailMessage, name: str) -> str:
    """Give a header fit for a terminal."""
    return one_line(str(mail.get(name, "")))


def _date(mail: EmailMessage) -> datetime:
    """Give the Date header's instant; the beginning of time where there is none."""
    date = mail.get("Date")
    instant: datetime | None = None if date is None else date.datetime
    if instant is None:
        return datetime.min.replace(tzinfo=UTC)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
