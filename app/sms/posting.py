"""Posts a text message to a gateway, and reads from the status what became of it."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from http import HTTPStatus
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit

import httpcore2

from app.outbound.answers import read_to_end
from app.outbound.failures import named_failures
from app.outbound.trust import trusted_authorities
from app.outbox.errors import SendingFailedError, UnansweredError, UndeliverableError

TIMEOUT_SECONDS = 10.0
# Shorter than the five seconds after which servers commonly close an idle connection: a message
# sent at that moment gets no answer, and is tried again late.
KEPT_SECONDS = 2.0
# The gateway has read the message and will not take it, now or later.
_REFUSED = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.GONE,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}


class GatewayConnection:
    """Posts to one gateway, which the operator names, so its address may be a private one."""

    def __init__(self, *, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._timeout_seconds = timeout_seconds
        # No maximum: if a post is given up just as it gets its connection, the pool never gets that
        # connection back. The worker bounds how many posts there are at once.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trusted_authorities(),
            max_connections=None,
            keepalive_expiry=KEPT_SECONDS,
        )

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Post a body. Returning means that the gateway answered 2xx.

        Raises:
            UndeliverableError: the gateway refuses this message for good.
            UnansweredError: the whole message was sent, and no answer came in time, so it may have
                arrived; or a proxy answered 504.
            SendingFailedError: it cannot be reached, or answers with another status. That may be
                temporary; a wrong password (401) counts as this too.
        """
        content = _Content(body)
        lengthened = [*headers.items(), ("Content-Length", str(len(body)))]
        try:
            status = await self._status_of(url, lengthened, content)
        except SendingFailedError:
            if content.is_sent:
                raise UnansweredError from None
            raise
        if status in _REFUSED:
            raise UndeliverableError(status)
        if status == HTTPStatus.GATEWAY_TIMEOUT:
            raise UnansweredError
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise SendingFailedError(f"HTTP {status}")

    async def _status_of(
        self, url: str, headers: list[tuple[str, str]], content: "_Content"
    ) -> int:
        with named_failures(SendingFailedError):
            async with (
                asyncio.timeout(self._timeout_seconds),
                self._pool.stream("POST", url, headers=headers, content=content.chunks()) as answer,
            ):
                # The body is not used: what the gateway has accepted it will send.
                await read_to_end(answer)
                return answer.status

    async def close(self) -> None:
        """Close the connections that are kept."""
        await self._pool.aclose()


class _Content:
    """The content of one post. `is_sent`: the connection took all of it, so it may arrive."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.is_sent = False

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the content, then note that it was taken."""
        yield self._body
        self.is_sent = True


def without_user(url: str) -> str:
    """Return a URL without its user and password."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def basic_authorization(url: str) -> dict[str, str]:
    """Return the header with the user and the password of a URL, if it has them."""
    parts = urlsplit(url)
    if not parts.username:
        return {}
    user, password = credentials(parts)
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def credentials(parts: SplitResult) -> tuple[str, str]:
    """Return the user and the password of a URL."""
    return unquote(parts.username or ""), unquote(parts.password or "")
