"""How often one network address may call (docs/decisions/0011-sign-in.md)."""

from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.clock import system_clock
from app.domain.errors import RateLimitedError

# Each in a window that begins with the first call, and each in a count of its own.
ASKING = RateLimitItemPerMinute(20, 5, namespace="asking for a sign-in link")
EXCHANGING = RateLimitItemPerMinute(60, 5, namespace="exchanging a token")
_IPV6_SITE = 64


class SourceLimits:
    """Counts calls by network address, in the memory of one process.

    It keeps strangers from trying their luck, and means nothing to a person, so the machine's own
    clock will do: unlike the application's, it is the one that the library counts by.
    """

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def take(self, item: RateLimitItem, origin: str | None) -> None:
        """Count a call from `origin`.

        Raises:
            RateLimitedError: there were too many before it.
        """
        source = source_of(origin)
        if not await self._limiter.hit(item, source):
            resets_at = (await self._limiter.get_window_stats(item, source)).reset_time
            raise RateLimitedError(max(1, ceil(resets_at - system_clock().timestamp())))


def source_of(origin: str | None) -> str:
    """Say whom an address stands for: an IPv6 network of 64 bits is one household or machine."""
    if origin is None:
        return "unknown"
    if not isinstance(ip_address(origin), IPv6Address):
        return origin
    return str(ip_network((origin, _IPV6_SITE), strict=False))
