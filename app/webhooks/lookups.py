"""Looking up a receiver's host, so that a name server that hangs holds up no other look-up."""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Literal

from dns.asyncresolver import Resolver
from dns.exception import DNSException

from app.webhooks.targets import literal_address

LOOKUP_SECONDS = 4.0
THREADS = 10


class DnsLookups:
    """Asks the name servers that the system is configured with, without a thread.

    The system's own resolver blocks a thread for as long as a name server is silent, half a minute
    and more, and cannot be stopped: a few such names would take all threads. Here a look-up that
    hangs costs a socket, and ends after `LOOKUP_SECONDS`.
    """

    def __init__(self, make_resolver: Callable[[], Resolver] = Resolver) -> None:
        # Made for each look-up: it reads the configuration, which may change.
        self._make_resolver = make_resolver

    async def __call__(self, host: str, _port: int) -> list[str]:
        """Give the addresses of a host, IPv4 first.

        Raises:
            gaierror: it has none, or no name server says so in time.
        """
        literal = literal_address(host)
        if literal is not None:
            return [literal]
        try:
            resolver = self._make_resolver()
        except DNSException:
            raise socket.gaierror from None
        # A machine without IPv6 would try those addresses in vain: they come last.
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
    """Asks the system's resolver, which knows local names too: for development.

    In threads of its own: a slow answer holds up nothing but webhooks.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="webhook-lookup")

    async def __call__(self, host: str, port: int) -> list[str]:
        """Give the addresses of a host, IPv4 first.

        Raises:
            gaierror: it has none.
        """
        found = await asyncio.get_running_loop().run_in_executor(
            self._threads, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        )
        found.sort(key=lambda entry: entry[0] != socket.AF_INET)
        return [str(entry[4][0]) for entry in found]
