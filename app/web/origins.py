"""Network addresses of callers, as the server or a proxy in front of it reports them."""

from functools import lru_cache
from ipaddress import IPv6Address, ip_address


@lru_cache(maxsize=4096)
def plain_address(host: str) -> str | None:
    """Normalise an IP address. None if the text is not an IP address.

    A proxy may send any text in `X-Forwarded-For` (RFC 7239 has `unknown` and `_hidden`). The
    server has already removed brackets and ports. The zone of an IPv6 address is removed: it names
    a network interface of another machine and may be any text.
    """
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
