"""Limits on request bodies: their type by the path (JSON, lines, a picture, a form), and length.

FastAPI's own limit would answer with plain text instead of a problem.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 64 * 1024
# Larger, because the practice's own software sends whole calendars in one request.
PRACTICE_PATHS = "/v1/practice/"
MAX_PRACTICE_BYTES = 1024 * 1024
PICTURE_PATHS = re.compile("/v1/practice/(logo|practitioners/[^/]+/photo)")
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp"})
MAX_PICTURE_BYTES = 100 * 1024
# The forms of Twilio.
FORM_PATHS = "/v1/text-messages/twilio/"
FORM_TYPE = "application/x-www-form-urlencoded"
_JSON = frozenset({"application/json"})
# Many lines of JSON, which the endpoint reads one by one.
LINES_PATH = "/v1/practice/import"
MAX_LINES_BYTES = 16 * 1024 * 1024
LINES_TYPE = "application/x-ndjson"


class BodyLimit:
    """ASGI middleware: 415 for a body of another type, 413 for one that is too long.

    The check runs when the application reads the body. A declared length that is too long is
    refused before any byte is read.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request and count the bytes of its body."""
        # No endpoint reads the body of a GET.
        if scope["type"] != "http" or scope["method"] == "GET":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not _has_body(headers):
            await self._app(scope, receive, send)
            return
        types, limit = _expected(scope["path"])
        too_large = _declared(headers.get("content-length", "0")) > limit
        is_other_type = not _is_one_of(types, headers)
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            if is_other_type:
                raise HTTPException(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            message = await receive()
            arrived += len(message.get("body", b""))
            if too_large or arrived > limit:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, counted, send)


def _declared(length: str) -> int:
    try:
        return int(length)
    except ValueError:  # not a number, or too many digits: the arriving bytes are counted instead
        return 0


def _has_body(headers: Headers) -> bool:
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


def _expected(path: str) -> tuple[frozenset[str], int]:
    """Return the types of body that a path takes, and the most bytes."""
    if path == LINES_PATH:
        return frozenset({LINES_TYPE}), MAX_LINES_BYTES
    if PICTURE_PATHS.fullmatch(path):
        return PICTURE_TYPES, MAX_PICTURE_BYTES
    if path.startswith(FORM_PATHS):
        return frozenset({FORM_TYPE}), MAX_BYTES
    return _JSON, MAX_PRACTICE_BYTES if path.startswith(PRACTICE_PATHS) else MAX_BYTES


def _is_one_of(types: frozenset[str], headers: Headers) -> bool:
    kinds = {kind.partition(";")[0].strip().lower() for kind in headers.getlist("content-type")}
    return len(kinds) == 1 and kinds <= types
