"""Twilio's API of text messages: a form that is posted for each message."""

from urllib.parse import urlencode, urlsplit

from app.configuration.setting_values import MESSAGING_SERVICE
from app.sms.message import TextMessage
from app.sms.posting import (
    TIMEOUT_SECONDS,
    GatewayConnection,
    basic_authorization,
    credentials,
)

TWILIO = "twilio"
RECEIPTS_PATH = "/v1/text-messages/twilio/receipts"


class TwilioSender:
    """Posts each text message, with the URL that Twilio tells what became of it.

    Twilio knows no id of ours: an attempt whose answer was lost can be sent twice.
    """

    def __init__(
        self,
        url: str,
        sender: str,
        public_url: str,
        *,
        scheme: str = "https",
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        parts = urlsplit(url)
        account, _ = credentials(parts)
        host = parts.netloc.rpartition("@")[2]
        self._url = f"{scheme}://{host}/2010-04-01/Accounts/{account}/Messages.json"
        is_service = MESSAGING_SERVICE.fullmatch(sender) is not None
        self._sender = ("MessagingServiceSid" if is_service else "From", sender)
        self._receipts = f"{public_url}{RECEIPTS_PATH}"
        self._headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            **basic_authorization(url),
        }
        self._connection = GatewayConnection(timeout_seconds=timeout_seconds)

    async def send(self, message: TextMessage) -> None:
        """Post a text message (app/sms/senders.py)."""
        form = [
            ("To", message.to),
            self._sender,
            ("Body", message.text),
            ("StatusCallback", f"{self._receipts}?id={message.id}"),
        ]
        await self._connection.post(self._url, self._headers, urlencode(form).encode())

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._connection.close()
