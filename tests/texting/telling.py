"""A gateway that tells of text messages: signed calls to `/v1/text-messages`."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha1
from typing import Any
from urllib.parse import urlencode

from httpx import Response
from standardwebhooks import Webhook

from app.web.body_limit import FORM_TYPE
from tests.world import Api

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="
TWILIO_TOKEN = "0123456789abcdef0123456789abcdef"
TWILIO_URL = f"twilio://AC0123:{TWILIO_TOKEN}@api.twilio.com"
PATH = "/v1/text-messages"


def signed(
    body: bytes, at: datetime, *, secret: str = SECRET, message_id: str = "msg_1"
) -> dict[str, str]:
    """Return the headers with which a gateway signs a body."""
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, at, body.decode()),
    }


async def tell(api: Api, what: str, body: Any, **how: Any) -> Response:
    """Post a signed body to `receipts` or `incoming`; bytes are sent as they are."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = signed(content, api.clock(), **how)
    return await api.http.post(f"{PATH}/{what}", content=content, headers=headers)


def twilio_signature(url: str, form: Sequence[tuple[str, str]], token: str) -> str:
    """Sign a form as Twilio does: the URL, then names and values in the order of the names."""
    text = url + "".join(f"{name}{value}" for name, value in sorted(form))
    return b64encode(hmac.new(token.encode(), text.encode(), sha1).digest()).decode()


async def tell_as_twilio(
    api: Api,
    what: str,
    form: Mapping[str, str],
    *,
    token: str = TWILIO_TOKEN,
    signature: str | None = None,
) -> Response:
    """Post a signed form to Twilio's paths."""
    url = f"https://reslot.example{PATH}/twilio/{what}"
    right = twilio_signature(url, [*form.items()], token)
    headers = {
        "Content-Type": FORM_TYPE,
        "X-Twilio-Signature": right if signature is None else signature,
    }
    return await api.http.post(
        f"{PATH}/twilio/{what}", content=urlencode(form).encode(), headers=headers
    )
