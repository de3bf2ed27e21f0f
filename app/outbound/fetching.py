"""Reads a JSON document from an address that a practice named."""

import asyncio
from http import HTTPStatus
from typing import Any

import httpcore2
import orjson

from app.outbound.connections import Resolver, guarded_backend
from app.outbound.failures import named_failures
from app.outbound.targets import read_target
from app.outbound.trust import trusted_authorities

TIMEOUT_SECONDS = 10.0
MAX_BYTES = 64 * 1024


class FetchError(Exception):
    """A document cannot be read. The message is a fixed text, never the other side's answer."""


class Fetcher:
    """Reads documents over https from public addresses, without following redirects.

    `insecure`: plain HTTP and private addresses are allowed (development).
    """

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
        self._ssl_context = trusted_authorities()

    async def fetch(self, url: str) -> Any:  # noqa: ANN401 - any JSON document
        """Read the JSON document at a URL.

        Raises:
            FetchError: the host cannot be reached or is not public, the answer is not a 200 with
                JSON of at most 64 KiB, or it did not arrive within 10 seconds.
        """
        with named_failures(FetchError):
            async with asyncio.timeout(self._timeout_seconds):
                body = await self._read(url)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError:
            raise FetchError("NoJson") from None

    async def _read(self, url: str) -> bytes:
        target = read_target(url, insecure=self._insecure)
        # No proxy: the proxy would look up the host again and could connect to another address.
        async with httpcore2.AsyncConnectionPool(
            ssl_context=self._ssl_context, network_backend=self._backend
        ) as pool:
            headers = {
                "Host": target.authority,
                "Accept": "application/json",
                "Accept-Encoding": "identity",
                "Connection": "close",
            }
            where = httpcore2.URL(
                scheme=target.scheme, host=target.host, port=target.port, target=target.path
            )
            async with pool.stream("GET", where, headers=list(headers.items())) as answer:
                if answer.status != HTTPStatus.OK:
                    raise FetchError(f"HTTP {answer.status}")
                body = bytearray()
                async for part in answer.aiter_stream():
                    body += part
                    if len(body) > MAX_BYTES:
                        raise FetchError("TooLarge")
                return bytes(body)
