"""Headers that a request carries, each read in one way, also where it comes in several lines."""

from typing import Annotated

from fastapi import Depends, Header, Request

from app.domain.errors import InvalidInputError
from app.texts.catalogue import Texts
from app.web.languages import texts_for

MAX_KEY_LENGTH = 255


def credentials_of(request: Request) -> str | None:
    """Give what a request authenticates with. Two answers to that question are none."""
    found = request.headers.getlist("Authorization")
    return found[0] if len(found) == 1 else None


def texts_of(request: Request) -> Texts:
    """Give the texts in the language that a request asks for. Several lines are one list."""
    return texts_for(", ".join(request.headers.getlist("Accept-Language")))


async def idempotency_key(
    request: Request,
    given: Annotated[
        str | None,
        Header(
            alias="idempotency-key",
            description="Any text of 1 to 255 visible characters. The same key with the same "
            'request gets the first answer again, for 24 hours. `key` and `"key"` are the same.',
            examples=["7c1d5a52-5ce2-4d6c-9f0e-0d5f3d6f4a11"],
        ),
    ] = None,
) -> str | None:
    """Read the key that a command is repeated with.

    Raises:
        InvalidInputError: there are several, or it is too long or not visible ASCII.
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
            description="The session's `ETag`: the command is refused where the session has "
            "changed.",
            examples=['"3"'],
        ),
    ] = None,
) -> str | None:
    # Several lines of it are one list (RFC 9110 section 5.3).
    return if_match and ", ".join(request.headers.getlist("If-Match"))


IfMatch = Annotated[str | None, Depends(_if_match)]
