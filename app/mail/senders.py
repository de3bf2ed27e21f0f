"""Senders of mails: to an SMTP server, or into a folder if none is configured."""

import asyncio
import os
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit
from uuid import UUID

from app.configuration.setting_values import SMTP_PORTS, STARTTLS
from app.configuration.settings import Settings, SettingsError
from app.mail.smtp import SmtpSender, SmtpServer


class Sender(Protocol):
    """Sends mails."""

    async def send(self, message: EmailMessage) -> None:
        """Send a mail. Returning means that it was accepted.

        Raises:
            UndeliverableError: the recipient's address is refused permanently. Any other exception
                may be temporary.
            UnansweredError: it is unknown whether the mail was accepted.
        """

    def limit_answers(self, seconds: float | None) -> None:
        """Wait so long at most for an answer that decides whether a mail was accepted.

        It holds from now on for mails that are being sent, and for all later ones. None: the usual
        limit, a few minutes.
        """

    async def close(self) -> None:
        """Close the connections that are kept open for the next mail."""


@dataclass(frozen=True, slots=True)
class FolderSender:
    """Writes mails into a folder, for the demo. A repeated mail replaces its file."""

    folder: Path

    async def send(self, message: EmailMessage) -> None:
        """Write a mail as `<notification id>.eml`."""
        name = UUID(message["Message-ID"].strip().lstrip("<").partition("@")[0])
        await asyncio.to_thread(self._write, f"{name}.eml", message.as_bytes())

    def limit_answers(self, seconds: float | None) -> None:
        """Do nothing: nobody answers."""

    async def close(self) -> None:
        """Do nothing: no file stays open."""

    def _write(self, name: str, content: bytes) -> None:
        """Write a temporary file and rename it, so that nobody reads a partial mail."""
        _create(self.folder)
        with NamedTemporaryFile(dir=self.folder, suffix=".tmp", delete=False) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(file.name).replace(self.folder / name)


def _create(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def make_sender(settings: Settings) -> Sender:
    """Make the SMTP sender if the settings have an SMTP URL, else the folder sender."""
    if settings.smtp_url is None:
        return FolderSender(settings.mail_folder)
    return SmtpSender(smtp_server(settings.smtp_url.get_secret_value()))


def create_mail_folder(settings: Settings) -> None:
    """Create the mail folder, if no SMTP server is configured.

    Raises:
        SettingsError: the folder cannot be created, or is not writable.
    """
    if settings.smtp_url is not None:
        return
    folder = settings.mail_folder
    try:
        _create(folder)
        is_writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError:
        is_writable = False
    if not is_writable:
        raise SettingsError(
            "Bad setting. DATA_DIR: must be a folder that this user may write to, since mails land "
            "there without SMTP_URL."
        )


def smtp_server(url: str) -> SmtpServer:
    """Parse `smtp://user:password@host:port?starttls=always|auto|never`, or `smtps://…`.

    The default of `starttls` is `always` with a password, else `auto`.
    """
    parts = urlsplit(url)
    return SmtpServer(
        hostname=parts.hostname or "localhost",
        port=parts.port or SMTP_PORTS[parts.scheme],
        username=None if parts.username is None else unquote(parts.username),
        password=None if parts.password is None else unquote(parts.password),
        use_tls=parts.scheme == "smtps",
        start_tls=_start_tls(parts),
    )


def _start_tls(parts: SplitResult) -> bool | None:
    if parts.scheme == "smtps":
        return False
    default = "auto" if parts.password is None else "always"
    return STARTTLS[parse_qs(parts.query).get("starttls", [default])[-1]]
