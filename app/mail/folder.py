"""Reads the mails in the folder that replaces an SMTP server in the demo."""

from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from app.mail.sanitize import lines, one_line


@dataclass(frozen=True, slots=True)
class MailSummary:
    """One mail in a list. `number` is 1 for the newest mail."""

    number: int
    date: datetime
    to: str
    subject: str
    path: Path


def list_mails(folder: Path) -> list[MailSummary]:
    """List the mails of a folder, newest first; none if the folder does not exist."""
    mails = [(path, _read(path)) for path in sorted(folder.glob("*.eml"))]
    mails.sort(key=lambda mail: (_date(mail[1]), mail[0].stat().st_mtime_ns), reverse=True)
    return [
        MailSummary(number, _date(mail), _header(mail, "To"), _header(mail, "Subject"), path)
        for number, (path, mail) in enumerate(mails, start=1)
    ]


def read_mail(path: Path) -> str:
    """Write a mail for a terminal: headers, the text part, and the types of the other parts."""
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
    """Return a header without control characters."""
    return one_line(str(mail.get(name, "")))


def _date(mail: EmailMessage) -> datetime:
    """Return the instant of the Date header, or the earliest instant if there is none."""
    date = mail.get("Date")
    instant: datetime | None = None if date is None else date.datetime
    if instant is None:
        return datetime.min.replace(tzinfo=UTC)
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=UTC)
