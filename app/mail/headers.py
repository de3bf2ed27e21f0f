"""The headers that every mail has, and ids at the sender's domain."""

from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import UUID

from app.configuration.settings import Settings
from app.mail.sanitize import ascii_domain


def add_technical_headers(
    mail: EmailMessage, message_id: UUID, settings: Settings, now: datetime
) -> None:
    """Add Date, Message-ID and Auto-Submitted.

    `message_id` is the id of what the mail is about, such as its notification: so mail programs
    recognise a second copy.
    """
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = reference_to(message_id, settings)
    mail["Auto-Submitted"] = "auto-generated"


def reference_to(message_id: UUID, settings: Settings) -> str:
    """Give the Message-ID of a mail: an id at the sender's domain."""
    return f"<{message_id}@{ascii_domain(settings.mail_from.rpartition('@')[2])}>"
