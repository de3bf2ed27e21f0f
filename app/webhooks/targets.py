"""Which addresses may be told of changes: none that lead into the server's own networks."""

import ipaddress
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from urllib.parse import SplitResult, urlsplit, urlunsplit

MAX_URL = 2000
_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")
# The only block of IPv6 whose addresses are those of the internet's hosts.
_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


class BadTargetError(ValueError):
    """Webhooks are not sent to this URL; the message says why, after the field's name."""


@dataclass(frozen=True, slots=True)
class Target:
    """A URL, taken apart once: what is checked is what is used. `authority` is host and port."""

    scheme: str
    host: str
    port: int
    authority: str
    path: str


def read_target(url: str, *, insecure: bool) -> Target:
    """Take a URL apart. `insecure`: plain HTTP and private addresses are allowed (development).

    A name is not looked up: what it stands for is checked each time something is sent there.

    Raises:
        BadTargetError: it is no URL that webhooks are sent to.
    """
    parts, port = _split(url)
    if parts.scheme not in (_PORTS if insecure else {"https"}):
        raise BadTargetError("must be an https URL")
    host = parts.hostname or ""
    if "@" in parts.netloc:
        raise BadTargetError("must not contain a user name or a password")
    if "#" in url:
        raise BadTargetError("must not have a fragment")
    literal = _literal(host)
    if literal is None and not _NAME.fullmatch(host):
        raise BadTargetError("must name a host; write other letters than ASCII as punycode")
    if literal is not None and not insecure and not is_public(literal):
        raise BadTargetError("must not be an address of a private network")
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], parts.netloc, path)


def is_public(address: str) -> bool:
    """Tell whether an address is one of the internet's: neither private, local nor multicast.

    An IPv6 address that stands for an IPv4 address is judged as that one.
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address):
        within = _embedded(found)
        if within is None:
            return found in _UNICAST and found.is_global
        found = within
    return found.is_global and not found.is_multicast


def host_of(url: str) -> str:
    """Give the host of a URL that was accepted once, for people to read."""
    return urlsplit(url).hostname or ""


def _split(url: str) -> tuple[SplitResult, int | None]:
    if len(url) > MAX_URL or not _VISIBLE.fullmatch(url):
        raise BadTargetError(f"must be a URL of at most {MAX_URL} visible ASCII characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadTargetError("must be a URL, like https://crm.example/hooks/reslot") from None
    if port == 0:
        raise BadTargetError("must not name port 0")
    return parts, port


def _literal(host: str) -> str | None:
    """Give the address that a host spells out, in any of the ways that a resolver understands."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(host))
    # 2130706433, 0x7f.1 and 127.1 all are 127.0.0.1.
    with suppress(OSError):
        return str(IPv4Address(socket.inet_aton(host.rstrip("."))))
    return None


def _embedded(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
