"""A text message as a gateway gets it."""

from typing import NamedTuple
from uuid import UUID


class TextMessage(NamedTuple):
    """A text message to one number, in the form of E.164.

    `id` is the same on each attempt: a gateway that knows it sends the message once.
    """

    id: str
    to: str
    text: str


def message_id(practice_id: UUID, notification_id: UUID) -> str:
    """Write the id of the text message of a notification."""
    return f"{practice_id.hex}{notification_id.hex}"


def parse_message_id(text: str) -> tuple[UUID, UUID] | None:
    """Return the practice's id and the notification's; None: it is malformed."""
    if len(text) != _ID_LENGTH or not text.isascii() or not text.isalnum():
        return None
    try:
        return UUID(text[: _ID_LENGTH // 2]), UUID(text[_ID_LENGTH // 2 :])
    except ValueError:
        return None


_ID_LENGTH = 64
