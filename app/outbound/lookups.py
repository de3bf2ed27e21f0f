"""Looks up a receiver's host. A name server that does not answer delays no other lookup."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from dns.asyncresolver import Resolver
from dns.exception import DNSException

from app.outbound.targets import literal_address

LOOKUP_SECONDS = 4.0
THREADS = 10


class DnsLookups:
    """Asks the system's configured name servers, asynchronously.

    The system's resolver blocks a thread for 30 seconds or more if a name server does not answer,
    and cannot be cancelled: a few such names would occupy all threads. Here such a lookup holds one
    socket and ends after `LOOKUP_SECONDS`.
    """

    def __init__(self, make_resolver: Callable[[], Resolver] = Resolver) -> None:
        # One for each lookup: the resolver reads the system's configuration, which may change.
        self._make_resolver = make_resolver

    async def __call__(self, host: str, _port: int) -> list[str]:
        """Return the addresses of a host, IPv4 first.

        Raises:
            gaierror: the host has no address, or no name server answers in time.
        """
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        try:
            resolver = self._make_resolver()
        except DNSException:
            raise socket.gaierror from None
        # IPv6 last: on a machine without IPv6 each of these addresses costs a failed connection.
        answers = await asyncio.gather(_ask(resolver, host, "A"), _ask(resolver, host, "AAAA"))
        found = [address for answer in answers for address in answer]
        if not found:
            raise socket.gaierror
        return found


async def _ask(resolver: Resolver, host: str, kind: Literal["A", "AAAA"]) -> list[str]:
    try:
        answer = await resolver.resolve(host, kind, lifetime=LOOKUP_SECONDS, search=False)
    except DNSException:
        return []
    return [record.address for record in answer]


class SystemLookups:
    """Asks the system's resolver, which also knows local names. For development.

    It has its own threads: a slow answer delays outbound connections only.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="outbound-lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Return the addresses of a host, IPv4 first.

        Raises:
            gaierror: the host has no address.
        """
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        return [str(entry[4][0]) for entry in found]
