"""Checks the URLs of webhook endpoints: none may lead into a private network."""

import ipaddress
import re
import socket
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit, urlunsplit

import idna

from app.outbound.networks import is_public_ipv4, is_public_ipv6
from app.texts.errors import InvalidValueError

MAX_URL = 2000
_PORTS = {"https": 443, "http": 80}
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_BLANK = re.compile(r"[\x00-\x20\x7f]")
_NAME = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


class BadTargetError(InvalidValueError):
    """Webhooks are not sent to this URL."""


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed URL. It is parsed once, so that the checked value is the value that is used.

    `host` is ASCII; an internationalised name is encoded by IDNA 2008. `authority` is host and
    port.
    """

    scheme: str
    host: str
    port: int
    authority: str
    path: str


def read_target(url: str, *, insecure: bool) -> Target:
    """Parse a URL. `insecure`: plain HTTP and private addresses are allowed (development).

    The host is not looked up: its addresses are checked each time an event is sent.

    Raises:
        BadTargetError: webhooks are not sent to this URL.
    """
    parts, port = _split(url)
    if parts.scheme not in (_PORTS if insecure else {"https"}):
        raise BadTargetError("field.target-https")
    host, authority = _ascii_host(parts)
    if "@" in parts.netloc:
        raise BadTargetError("field.target-user")
    if "#" in url:
        raise BadTargetError("field.target-fragment")
    literal = literal_address(host)
    if literal is None and not _NAME.fullmatch(host):
        raise BadTargetError("field.target-host")
    if literal is not None and not insecure and not is_public(literal):
        raise BadTargetError("field.target-private")
    path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], authority, path)


def is_public(address: str) -> bool:
    """Return whether an address belongs to a public host (app/outbound/networks.py)."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return is_public_ipv6(found) if isinstance(found, IPv6Address) else is_public_ipv4(found)


def host_of(url: str) -> str:
    """Return the ASCII host of a URL that was accepted before, for display."""
    return _ascii_host(urlsplit(url))[0]


def _split(url: str) -> tuple[SplitResult, int | None]:
    if not 0 < len(url) <= MAX_URL or _BLANK.search(url):
        raise BadTargetError("field.target-length", most=MAX_URL)
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadTargetError("field.target-url") from None
    if port == 0:
        raise BadTargetError("field.target-port")
    if not _VISIBLE.fullmatch(urlunsplit(parts._replace(netloc="host"))):
        raise BadTargetError("field.target-ascii")
    return parts, port


def _ascii_host(parts: SplitResult) -> tuple[str, str]:
    """Return the ASCII host, alone and with its port.

    Raises:
        BadTargetError: IDNA 2008 does not allow this host.
    """
    host = parts.hostname or ""
    if host.isascii():
        return host, parts.netloc
    try:
        host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
    except idna.IDNAError:
        raise BadTargetError("field.target-idna") from None
    return host, host if parts.port is None else f"{host}:{parts.port}"


def literal_address(host: str) -> str | None:
    """Return the address if the host is one, in any notation that resolvers accept; else None."""
    with suppress(ValueError):
        return str(ipaddress.ip_address(host))
    # 2130706433, 0x7f.1 and 127.1 all are 127.0.0.1.
    with suppress(OSError):
        return str(IPv4Address(socket.inet_aton(host.rstrip("."))))
    return None
