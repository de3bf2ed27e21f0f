"""Posts one event to one URL, only to a checked address, without following redirects."""

import asyncio
import socket
import ssl
from collections.abc import Mapping
from http import HTTPStatus

import httpcore

from app.configuration.settings import Settings
from app.outbound.connections import Resolver, TargetRefusedError, guarded_backend
from app.outbound.targets import BadTargetError, read_target
from app.outbox.errors import SendingFailedError

TIMEOUT_SECONDS = 10.0


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
        self._backend = guarded_backend(resolve, insecure=insecure)
        self._ssl_context = httpcore.default_ssl_context()

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Post a JSON body. Returning means that the receiver answered 2xx.

        The body of the answer is not read.

        Raises:
            GoneError: the receiver answered 410.
            SendingFailedError: the receiver answered with another status, did not answer in time,
                cannot be reached, or is not at a public address.
        """
        try:
            async with asyncio.timeout(self._timeout_seconds):
                status = await self._status_of(url, body, headers)
        except (BadTargetError, TargetRefusedError):
            raise SendingFailedError("TargetRefused") from None
        except (TimeoutError, httpcore.TimeoutException):
            raise SendingFailedError("Timeout") from None
        except socket.gaierror:
            raise SendingFailedError("NameNotResolved") from None
        except (OSError, httpcore.NetworkError, httpcore.ProtocolError) as error:
            raise SendingFailedError(_connection_error(error)) from None
        if status == HTTPStatus.GONE:
            raise GoneError("HTTP 410")
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise SendingFailedError(f"HTTP {status}")

    async def _status_of(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        target = read_target(url, insecure=self._insecure)
        # No proxy: the proxy would look up the host again and could connect to another address.
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._ssl_context, network_backend=self._backend
        ) as pool:
            sent = {**headers, "Host": target.authority, "Connection": "close"}
            async with pool.stream(
                "POST",
                httpcore.URL(
                    scheme=target.scheme, host=target.host, port=target.port, target=target.path
                ),
                headers=list(sent.items()),
                content=body,
            ) as answer:
                return answer.status


def make_webhook_sender(settings: Settings) -> WebhookSender:
    """Make the sender for these settings."""
    return WebhookSender(insecure=settings.webhook_insecure_targets)


def _connection_error(error: Exception) -> str:
    # The library raises a new error when the connection returns to its pool: see its context.
    if isinstance(error.__cause__ or error.__context__, ssl.SSLError):
        return "TLSFailed"
    return "BadAnswer" if isinstance(error, httpcore.ProtocolError) else "ConnectionFailed"
