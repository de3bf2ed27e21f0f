"""Schemas of sign-in."""

import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, WithJsonSchema

from app.texts.catalogue import ENGLISH
from app.texts.errors import InvalidValueError
from app.web.json import Answer
from app.web.types import RequestBody, Token
from app.web.views import ClientView, PracticeView

_MAX_LENGTH = 254
# Whether a mail can be sent to it. Whether a client has it is not checked here.
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
    """The email address of the client in the practice's records."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ana@client.example"}]})
    email: Address


class SignInLinkAnswer(Answer):
    """The answer is the same for a known and an unknown address."""

    message: str = Field(
        description="A sentence to show to the client.",
        examples=[ENGLISH("sign-in.asked")],
    )


class ExchangeRequest(RequestBody):
    """The token of the emailed link: the part of its fragment after `#sign-in=`."""

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
    """The tokens of a client who has signed in.

    `access_token` is valid for `expires_in` seconds. `refresh_token` gets a new pair of tokens.
    After `refresh_expires_at` the client has to sign in by email again.
    """

    access_token: str
    token_type: str = Field(
        examples=["Bearer"], description="The HTTP authentication scheme. Always `Bearer`."
    )
    expires_in: int = Field(description="Lifetime of the access token in seconds.")
    refresh_token: str
    refresh_expires_at: datetime = Field(
        description="End of the sign-in, in the client's time zone. A refresh does not extend it."
    )
    client: ClientView
    practice: PracticeView
