"""Rate limits of sign-in by network address (docs/decisions/0011-sign-in.md)."""

from ipaddress import IPv6Address, ip_address, ip_network
from math import ceil

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import FixedWindowRateLimiter

from app.clock import system_clock
from app.domain.errors import RateLimitedError

# Calls in 5 minutes. The window begins with the first call; the two are counted separately.
ASKING = RateLimitItemPerMinute(20, 5, namespace="asking for a sign-in link")
EXCHANGING = RateLimitItemPerMinute(60, 5, namespace="exchanging a token")
_IPV6_SITE = 64


class SourceLimits:
    """Counts calls by network address, in the memory of one process.

    It uses the machine's clock and not the application's, because the library does.
    """

    def __init__(self) -> None:
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    async def take(self, item: RateLimitItem, origin: str | None) -> None:
        """Count a call from `origin`.

        Raises:
            RateLimitedError: the limit of the present window is used up.
        """
        source = source_of(origin)
        if not await self._limiter.hit(item, source):
            resets_at = (await self._limiter.get_window_stats(item, source)).reset_time
            raise RateLimitedError(max(1, ceil(resets_at - system_clock().timestamp())))


def source_of(origin: str | None) -> str:
    """Return what calls are counted by: an IPv4 address, or an IPv6 address's /64 network.

    One household or machine usually has a whole /64 network.
    """
    if origin is None:
        return "unknown"
    if not isinstance(ip_address(origin), IPv6Address):
        return origin
    return str(ip_network((origin, _IPV6_SITE), strict=False))
