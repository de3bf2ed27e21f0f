"""Posts one event to one URL, only to a checked address, without following redirects."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus

import httpcore2

from app.configuration.settings import Settings
from app.outbound.answers import read_to_end
from app.outbound.connections import Resolver, guarded_backend
from app.outbound.failures import named_failures
from app.outbound.targets import read_target
from app.outbound.trust import trusted_authorities
from app.outbox.errors import SendingFailedError

TIMEOUT_SECONDS = 10.0
# Shorter than servers keep an idle connection. The next event of a burst comes sooner.
KEPT_SECONDS = 1.0


class GoneError(SendingFailedError):
    """The receiver answered 410: the URL is permanently gone."""


class WebhookSender:
    """Posts events. Errors have a few fixed texts and never contain the receiver's answer."""

    def __init__(
        self,
        *,
        insecure: bool,
        resolve: Resolver | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._insecure = insecure
        self._timeout_seconds = timeout_seconds
        # No proxy: the proxy would look up the host again and could connect to another address.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=trusted_authorities(),
            network_backend=guarded_backend(resolve, insecure=insecure),
            max_connections=None,
            keepalive_expiry=KEPT_SECONDS,
        )

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a JSON body. Returning means that the receiver answered 2xx.

        The body of the answer is not used. A kept connection leads to an address that was checked.

        Raises:
            GoneError: the receiver answered 410.
            SendingFailedError: the receiver answered with another status, did not answer in time,
                cannot be reached, or is not at a public address.
        """
        with named_failures(SendingFailedError):
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._status_of(url, body, headers)
        if status == HTTPStatus.GONE:
            raise GoneError("HTTP 410")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise SendingFailedError(f"HTTP {status}")

    async def close(self) -> None:
        """Close the connections that are kept for the next post."""
        await self._pool.aclose()

    async def _status_of(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target = read_target(url, insecure=self._insecure)
        sent = {**headers, "Host": target.authority}
        place = httpcore2.URL(
            scheme=target.scheme, host=target.host, port=target.port, target=target.path
        )
        while True:
            trip = _Trip()
            try:
                async with self._pool.stream(
                    "POST",
                    place,
                    headers=list(sent.items()),
                    content=body,
                    extensions={"trace": trip.note},
                ) as answer:
                    await read_to_end(answer)
                    return answer.status
            except (httpcore2.NetworkError, httpcore2.ProtocolError):
                if trip.connected:
                    raise
                # The receiver had closed the kept connection: take another one.


def make_webhook_sender(settings: Settings) -> WebhookSender:
    """Make the sender for these settings."""
    return WebhookSender(insecure=settings.webhook_insecure_targets)


@dataclass(slots=True)
class _Trip:
    """Whether a post has opened a connection of its own."""

    connected: bool = False

    async def note(self, event: str, _: object) -> None:
        """Note what happens; the library calls it."""
        self.connected = self.connected or event == "connection.connect_tcp.started"
