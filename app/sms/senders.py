"""Senders of text messages: to a gateway, or into the folder of mails if none is configured."""

from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Protocol

from app.clock import Clock
from app.configuration.settings import Settings
from app.mail.senders import FolderSender
from app.sms.gateway import GatewaySender
from app.sms.message import TextMessage, parse_message_id
from app.sms.twilio import TWILIO, TwilioSender


class TextSender(Protocol):
    """Sends text messages."""

    async def send(self, message: TextMessage) -> None:
        """Send a text message. Returning means that the gateway has accepted it.

        Raises:
            UndeliverableError: the gateway refuses the message or the number for good. Any other
                exception may be temporary.
        """

    async def close(self) -> None:
        """Close the connections that are kept open for the next message."""


@dataclass(frozen=True, slots=True)
class FolderTextSender:
    """Writes text messages beside the mails of the demo, so that `reslot mail` lists them."""

    folder: FolderSender
    clock: Clock

    async def send(self, message: TextMessage) -> None:
        """Write a text message as `<notification id>.eml`."""
        ids = parse_message_id(message.id)
        written = EmailMessage()
        written["Message-ID"] = f"<{ids[1] if ids else message.id}@text>"
        written["To"] = message.to
        written["Subject"] = "Text message"
        written["Date"] = format_datetime(self.clock())
        written.set_content(message.text)
        await self.folder.send(written)

    async def close(self) -> None:
        """Do nothing: no file stays open."""


def make_text_sender(settings: Settings, clock: Clock) -> TextSender:
    """Make the sender for the scheme of the settings' URL, or the one for the folder."""
    if settings.sms_url is None:
        return FolderTextSender(FolderSender(settings.mail_folder), clock)
    url = settings.sms_url.get_secret_value()
    if url.startswith(f"{TWILIO}:"):
        return TwilioSender(url, settings.sms_from, settings.public_url)
    token = settings.sms_token
    return GatewaySender(
        url,
        settings.sms_from,
        settings.sms_body,
        token=None if token is None else token.get_secret_value(),
    )
