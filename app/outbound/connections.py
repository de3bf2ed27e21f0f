"""Connects to a host only if all its addresses are public."""

import socket
from collections.abc import Awaitable, Callable, Iterable

import httpcore2

from app.outbound.lookups import DnsLookups, SystemLookups
from app.outbound.targets import is_public

Resolver = Callable[[str, int], Awaitable[list[str]]]


class TargetRefusedError(Exception):
    """The host resolves to an address in a private network."""


def guarded_backend(
    resolve: Resolver | None = None, *, insecure: bool
) -> httpcore2.AsyncNetworkBackend:
    """Make the backend of a connection pool. `insecure`: private addresses are allowed."""
    resolve = resolve or (SystemLookups() if insecure else DnsLookups())
    return _GuardedBackend(resolve, insecure=insecure)


class _GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Looks up a host, checks all its addresses, and connects to one of those.

    All of them must be public. TLS still verifies the name of the host.
    """

    def __init__(self, resolve: Resolver, *, insecure: bool) -> None:
        self._resolve = resolve
        self._insecure = insecure
        self._inner = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the library's interface
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._resolve(host, port)
        if not self._insecure and not all(is_public(address) for address in addresses):
            raise TargetRefusedError
        failure: Exception = socket.gaierror()
        for address in addresses:
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure
