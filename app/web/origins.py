"""Network addresses of callers, as a server or a proxy in front of it tells them."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address


@lru_cache(maxsize=4096)
def plain_address(host: str) -> str | None:
    """Give an address in its one spelling; None for what is no address.

    A proxy may pass on any text in `X-Forwarded-For` (RFC 7239 knows `unknown` and `_hidden`). The
    server has taken brackets and ports away already. The zone of an IPv6 address names an interface
    of the machine that saw it, and may be any text: it goes.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
