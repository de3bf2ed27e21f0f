"""Bodies have a limit. FastAPI's own would answer in plain text instead of with a problem."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BYTES = 64 * 1024


class BodyLimit:
    """Refuses a body as soon as it is declared, or found, to be longer than `MAX_BYTES`."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, counting what arrives."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        too_large = _declares_too_much(Headers(scope=scope).get("content-length", "0"))
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if too_large or arrived > MAX_BYTES:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return message

        await self._app(scope, counted, send)


def _declares_too_much(length: str) -> bool:
    try:
        return int(length) > MAX_BYTES
    except ValueError:  # no number, or one with thousands of digits: what arrives is counted
        return False
