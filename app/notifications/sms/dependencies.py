"""Dependencies that check that a request comes from the gateway of text messages."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, Request

from app.sms.incoming import SignatureRefusedError, check_signature, check_twilio_signature
from app.sms.posting import credentials
from app.sms.twilio import TWILIO
from app.web.app_settings import AppSettings
from app.web.dependencies import Now

_MAX_FIELDS = 200


async def _signed(request: Request, settings: AppSettings, now: Now) -> None:
    secret = settings.sms_secret
    check_signature(
        None if secret is None else secret.get_secret_value(),
        request.headers,
        await request.body(),
        now,
    )


FromGateway = Depends(_signed)


async def _form(request: Request, settings: AppSettings) -> Mapping[str, str]:
    """Read a form that Twilio has posted and signed."""
    try:
        form = parse_qsl(
            (await request.body()).decode(), keep_blank_values=True, max_num_fields=_MAX_FIELDS
        )
    except ValueError:
        raise SignatureRefusedError from None
    query = request.url.query
    url = f"{settings.public_url}{request.url.path}{'?' if query else ''}{query}"
    signature = request.headers.get("x-twilio-signature", "")
    check_twilio_signature(_twilio_token(settings), url, form, signature)
    return dict(form)


def _twilio_token(settings: AppSettings) -> str | None:
    url = None if settings.sms_url is None else urlsplit(settings.sms_url.get_secret_value())
    return credentials(url)[1] if url is not None and url.scheme == TWILIO else None


TwilioForm = Annotated[Mapping[str, str], Depends(_form)]
