"""Reads request headers, including those that are sent in several lines."""

from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security.utils import get_authorization_scheme_param

from app.domain.errors import InvalidInputError, UnauthorizedError
from app.texts.catalogue import Texts
from app.web.languages import texts_for

MAX_KEY_LENGTH = 255


def credentials_of(request: Request) -> str | None:
    """Return the `Authorization` header. None if it is missing or sent more than once."""
    found = request.headers.getlist("Authorization")
    return found[0] if len(found) == 1 else None


def bearer_token(request: Request) -> str:
    """Return the bearer token of a request.

    Raises:
        UnauthorizedError: it has none.
    """
    scheme, token = get_authorization_scheme_param(credentials_of(request))
    if scheme.lower() != "bearer":
        raise UnauthorizedError
    return token


def texts_of(request: Request) -> Texts:
    """Return the texts in the language that a request asks for, by `Accept-Language`."""
    return texts_for(", ".join(request.headers.getlist("Accept-Language")))


async def idempotency_key(
    request: Request,
    given: Annotated[
        str | None,
        Header(
            alias="idempotency-key",
            description="1 to 255 printable ASCII characters. For 24 hours, the same request with "
            "the same key gets the first successful answer again. "
            '`key` and `"key"` are the same key.',
            examples=["7c1d5a52-5ce2-4d6c-9f0e-0d5f3d6f4a11"],
        ),
    ] = None,
) -> str | None:
    """Read the idempotency key of a request, without quotes. None if there is none.

    Raises:
        InvalidInputError: there are several keys, or the key is too long or not printable ASCII.
    """
    if given is None:
        return None
    if len(request.headers.getlist("Idempotency-Key")) > 1:
        raise InvalidInputError("/Idempotency-Key", "field.sent-once", where="header")
    key = given.strip()
    if len(key) > 1 and key.startswith('"') and key.endswith('"'):
        key = key[1:-1]
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isascii() or not key.isprintable():
        raise InvalidInputError("/Idempotency-Key", "field.key-characters", where="header")
    return key


async def _if_match(
    request: Request,
    if_match: Annotated[
        str | None,
        Header(
            description="The `ETag` of the session or group. The command is refused (412) if it "
            "has changed since. What is cancelled, announced, confirmed or marked already, and a "
            "push of the same values, is a 200 with the old `ETag` too. A move or an undo is not: "
            "to repeat one, send it with an `Idempotency-Key`.",
            examples=['"3"'],
        ),
    ] = None,
) -> str | None:
    # Several header lines are one list (RFC 9110 section 5.3).
    return if_match and ", ".join(request.headers.getlist("If-Match"))


IfMatch = Annotated[str | None, Depends(_if_match)]
