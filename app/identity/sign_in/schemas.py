"""Shapes of signing in."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.texts.catalogue import ENGLISH
from app.texts.errors import InvalidValueError
from app.web.types import RequestBody, Token
from app.web.views import Answer, ClientView, PracticeView

_MAX_LENGTH = 254
# What a mail can be sent to at all; whose it is, is not asked here.
_ADDRESS = re.compile(r'[^\s"<>@,;:\\()\[\]]+@[^\s"<>@,;:\\()\[\]]+')


def _is_address(value: str) -> str:
    if not _ADDRESS.fullmatch(value) or not value.isprintable():
        raise InvalidValueError("field.email")
    return value


Address = Annotated[
    str,
    StringConstraints(strict=True, strip_whitespace=True, min_length=3, max_length=_MAX_LENGTH),
    AfterValidator(_is_address),
    WithJsonSchema({"type": "string", "format": "email", "maxLength": _MAX_LENGTH}),
]


class SignInLinkRequest(RequestBody):
    """The address that the practice knows the client by."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ana@client.example"}]})
    email: Address


class SignInLinkAnswer(Answer):
    """The same whether the address is known or not."""

    message: str = Field(
        description="A sentence that a client can read.",
        examples=[ENGLISH("sign-in.asked")],
    )


class ExchangeRequest(RequestBody):
    """The token from the fragment of the mail's link, what comes after `#sign-in=`."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"token": "WyIzZjBjN2YyZSIsMF0.signature"}]}
    )
    token: Token


class RefreshRequest(RequestBody):
    """The latest refresh token."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"refresh_token": "WyIzZjBjN2YyZSIsMV0.signature"}]}
    )
    refresh_token: Token


class Tokens(Answer):
    """What a client who has signed in calls with.

    `expires_in`: seconds that the access token is good for. `refresh_token` replaces it, and
    itself; after `refresh_expires_at` the client has to sign in by mail again.
    """

    access_token: str
    token_type: str = Field(examples=["Bearer"], description="How it is sent. Always `Bearer`.")
    expires_in: int = Field(description="Seconds.")
    refresh_token: str
    refresh_expires_at: datetime = Field(description="No refresh puts it off.")
    client: ClientView
    practice: PracticeView
