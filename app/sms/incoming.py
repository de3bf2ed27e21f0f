"""Checks that a request comes from the gateway, and reads the words of a text message to us.

The clock is the application's own, so the timestamp is compared here and not by the library.
"""

import hmac
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha1
from typing import Literal

from standardwebhooks import Webhook

from app.domain.errors import UnauthorizedError

# How far the clocks of a gateway and of this machine may differ.
TOLERANCE = timedelta(minutes=5)
_STOP = frozenset({"stop", "stopall", "unsubscribe"})
_START = frozenset({"start", "unstop"})
_WORDS = re.compile(r"\w+")
# A telephone number in the form of E.164.
NUMBER = r"^\+[0-9]{5,15}$"

# What a client has said: end text messages, send them again, or anything else.
Word = Literal["stop", "start", "other"]


def read_word(text: str) -> Word:
    """Read what a client has written. Only a word alone counts: "please stop" is other.

    Spaces and punctuation around the word do not matter.
    """
    words = _WORDS.findall(text)
    said = words[0].casefold() if len(words) == 1 else ""
    if said in _STOP:
        return "stop"
    return "start" if said in _START else "other"


def is_number(text: str) -> bool:
    """Tell whether a text is a telephone number. A name or a short code is none."""
    return re.fullmatch(NUMBER, text) is not None


class SignatureRefusedError(UnauthorizedError):
    """The gateway's signature is missing, wrong or too old."""

    def __init__(self) -> None:
        super().__init__("unauthorized.signature")


def check_signature(
    secret: str | None, headers: Mapping[str, str], body: bytes, now: datetime
) -> None:
    """Check the signature of Standard Webhooks.

    Raises:
        SignatureRefusedError: it is missing, wrong or too old, or no secret is set.
    """
    message_id, sent, signatures = (
        headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    try:
        sent_at = datetime.fromtimestamp(int(sent), UTC)
        text = body.decode()
    except (ValueError, OverflowError, OSError):
        raise SignatureRefusedError from None
    if secret is None or abs(now - sent_at) > TOLERANCE:
        raise SignatureRefusedError
    right = Webhook(secret).sign(message_id, sent_at, text)
    # A gateway that rotates its secret signs with both.
    given = [one.encode() for one in signatures.split()]
    if not any(hmac.compare_digest(right.encode(), one) for one in given):
        raise SignatureRefusedError


def check_twilio_signature(
    token: str | None, url: str, form: Sequence[tuple[str, str]], signature: str
) -> None:
    """Check Twilio's signature of a form that it has posted to `url`.

    Raises:
        SignatureRefusedError: it is wrong, or Twilio is not the gateway.
    """
    if token is None:
        raise SignatureRefusedError
    signed = url + "".join(name + value for name, value in sorted(form))
    right = b64encode(hmac.digest(token.encode(), signed.encode(), sha1)).decode()
    if not hmac.compare_digest(right.encode(), signature.encode()):
        raise SignatureRefusedError
