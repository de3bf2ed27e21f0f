"""Validators of settings. Each returns the normalised value.

Each raises ValueError with a message that says what the value must be, without the value itself.
Hosts are converted to ASCII here, because some libraries convert them by IDNA 2003, which can give
a different host.
"""

import re
from base64 import b64decode
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import orjson

from app.standards.addresses import ascii_url

MINIMUM_TOKEN_LENGTH = 16
EVERY_PROXY = "*"
EVERY_ORIGIN = "*"
# Bytes of a secret of Standard Webhooks.
MINIMUM_SECRET = 24
_THIS_MACHINE = frozenset({"localhost", "127.0.0.1", "::1"})
SMTP_PORTS = {"smtp": 25, "smtps": 465}
STARTTLS = {"always": True, "never": False, "auto": None}
_DEFAULT_PORTS = {"http": 80, "https": 443}
# Host names of the Internet have no underscores, but names of containers do.
_LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_VISIBLE = re.compile(r"[!-~]+")
# Twilio's id of a messaging service, which chooses the number by itself.
MESSAGING_SERVICE = re.compile("MG[0-9a-fA-F]{32}")
# The id of an account is a part of the path of Twilio's API.
_ACCOUNT = re.compile("[A-Za-z0-9]+")
# Telephone networks show a name of this form instead of a number. Short numbers have no plus.
_NUMBER = re.compile(r"\+?[0-9]{3,15}")
_SENDER_NAME = re.compile(r"(?=.*[^\W\d_])[^\W_](([^\W_]| ){0,9}[^\W_])?")
_VALUES_OF_BODY = frozenset({"id", "from", "to", "text"})
_REQUIRED_IN_BODY = frozenset({"to", "text"})
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f]")


def listening_host(host: str) -> str:
    """Check an address or a name to listen on."""
    if not _is_host(host):
        raise ValueError("must be an address or a name, like 127.0.0.1")
    return host


def web_address(url: str, *, with_query: bool = False) -> str:
    """Check a URL to which paths or a fragment are appended, and convert its host to ASCII."""
    parts = _web_parts(url)
    if parts is None or "#" in url or ("?" in url and not with_query):
        unwanted = "a user or a fragment" if with_query else "a user, a query or a fragment"
        raise ValueError(f"must be like https://reslot.example, without {unwanted}")
    return parts.geturl()


def origin(url: str) -> str:
    """Normalise an origin as browsers send it: in lower case, without the default port."""
    if url == EVERY_ORIGIN:
        return url
    parts = _web_parts(url)
    if parts is None or parts.hostname is None or url.count("/") > len("//") or set(url) & {*"?#"}:
        raise ValueError("must be origins like https://portal.example, without a path")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    port = "" if parts.port in {None, _DEFAULT_PORTS[parts.scheme]} else f":{parts.port}"
    return f"{parts.scheme}://{host}{port}"


def database_url(url: str) -> str:
    """Check the URL of a PostgreSQL database. It must have a role, and may have several hosts."""
    try:
        url = ascii_url(url)
        parts = urlsplit(url)
        hosts = [urlsplit(f"//{host}") for host in parts.netloc.rpartition("@")[2].split(",")]
        is_good = (
            parts.scheme in {"postgresql", "postgres", "postgresql+asyncpg"}
            and bool(parts.username)
            and all(host.port != 0 and _is_database_host(host) for host in hosts)
        )
    except ValueError:  # the port is not a number or out of range
        is_good = False
    if not is_good:
        raise ValueError("must be like postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE")
    return url


def smtp_url(url: str) -> str:
    """Check the URL of a mail server, either with a user and a password or without both."""
    try:
        url = ascii_url(url)
        parts = urlsplit(url)
        options = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
        is_good = (
            parts.scheme in SMTP_PORTS
            and parts.port != 0
            and _is_host(parts.hostname or "")
            and bool(parts.username) == bool(parts.password)
            and parts.path in {"", "/"}
            and not parts.fragment
            and all(name == "starttls" and said in STARTTLS for name, said in options)
        )
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(
            "must be like smtp://user:password@host:587?starttls=always, or "
            "smtps://user:password@host"
        )
    return url


def sms_url(url: str) -> str:
    """Check the URL of a gateway of text messages. Plain HTTP only to this machine."""
    try:
        is_plain = not _BLANK_OR_CONTROL.search(url)
        url = ascii_url(url)
        parts = urlsplit(url)
        has_user = bool(parts.username) and bool(parts.password)
        is_good = (
            parts.port != 0
            and _is_host(parts.hostname or "")
            and "#" not in url
            and is_plain
            and f"{parts.path}{parts.query}".isascii()
        )
        if parts.scheme == "twilio":
            is_account = _ACCOUNT.fullmatch(parts.username or "") is not None
            is_good = is_good and is_account and has_user
            is_good = is_good and parts.path in {"", "/"} and not parts.query
        else:
            is_near = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
            is_good = is_good and (parts.scheme == "https" or is_near)
            is_good = is_good and has_user == bool(parts.username or parts.password)
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(
            "must be like https://user:password@host/path, or "
            "twilio://ACCOUNT_SID:AUTH_TOKEN@api.twilio.com"
        )
    return url


def sms_from(sender: str) -> str:
    """Check the sender of text messages: a number, a name, or a messaging service of Twilio."""
    if not any(shape.fullmatch(sender) for shape in (_NUMBER, _SENDER_NAME, MESSAGING_SERVICE)):
        raise ValueError(
            "must be a number like +15550100, a name of at most 11 letters, digits and spaces, or "
            "the SID of a messaging service of Twilio"
        )
    return sender


def sms_body(template: str) -> str:
    """Check the template of what a gateway is sent: a JSON object that contains number and text.

    A misspelt name is refused, since the gateway would be sent the name itself.
    """
    try:
        read = orjson.loads(template)
        names = {name for text in _strings(read) for name in Template(text).get_identifiers()}
        # Some JSON that can be read cannot be written, such as lists that are nested too deep.
        is_good = isinstance(read, dict) and bool(orjson.dumps(read))
    except (ValueError, TypeError, RecursionError):
        is_good, names = False, set()
    if not (is_good and _REQUIRED_IN_BODY <= names <= _VALUES_OF_BODY):
        raise ValueError(
            "must be a JSON object with $to and $text in its strings, and perhaps $id and $from; "
            "$$ stands for a dollar sign"
        )
    return template


def _strings(part: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    """Give all strings of a JSON value, but for the names of members."""
    if isinstance(part, str):
        yield part
    elif isinstance(part, list):
        for one in part:
            yield from _strings(one)
    elif isinstance(part, dict):
        yield from _strings([*part.values()])


def sms_token(token: str) -> str:
    """Check that a token can be sent in a header."""
    if not _VISIBLE.fullmatch(token):
        raise ValueError("must be characters of ASCII, without spaces")
    return token


def signing_secret(secret: str) -> str:
    """Check a secret of Standard Webhooks."""
    try:
        is_good = len(b64decode(secret.removeprefix("whsec_"), validate=True)) >= MINIMUM_SECRET
    except ValueError:
        is_good = False
    if not is_good:
        raise ValueError(f"must be whsec_ and the base64 of at least {MINIMUM_SECRET} bytes")
    return secret


def metrics_token(token: str) -> str:
    """Check the length of a token, and that it can be sent in a header."""
    if len(token) < MINIMUM_TOKEN_LENGTH or not _VISIBLE.fullmatch(token):
        raise ValueError(
            f"must be at least {MINIMUM_TOKEN_LENGTH} characters of ASCII, without spaces"
        )
    return token


def folder(path: Path) -> Path:
    """Check a folder, which may not exist yet. `~` is the user's home."""
    try:
        path = path.expanduser()
        is_good = nearest_folder(path).is_dir()
    except (OSError, RuntimeError):  # the name is too long; no such user
        is_good = False
    if not is_good:
        raise ValueError("must be a folder")
    return path


def nearest_folder(path: Path) -> Path:
    """Return the path if it exists, else its nearest parent that exists."""
    path = path.absolute()
    return next(part for part in (path, *path.parents) if part.exists())


def proxy(text: str) -> str:
    """Check the address or the network of a proxy."""
    try:
        if text != EVERY_PROXY:
            ip_network(text)
    except ValueError:
        raise ValueError("must be addresses, or networks like 10.0.0.0/8, or *") from None
    return text


def _web_parts(url: str) -> SplitResult | None:
    """Split a web address. None if it is not a web address, or contains a user."""
    if _BLANK_OR_CONTROL.search(url):
        return None
    try:
        parts = urlsplit(ascii_url(url))
        is_good = (
            parts.scheme in _DEFAULT_PORTS
            and parts.port != 0
            and "@" not in parts.netloc
            and _is_host(parts.hostname or "")
        )
    except ValueError:
        return None
    return parts if is_good else None


def _is_database_host(host: SplitResult) -> bool:
    """Return whether it is a host or a socket's folder. Empty means the driver's default."""
    name = unquote(host.hostname or "")
    return not name or name.startswith("/") or _is_host(name)


def _is_host(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return _NAME.fullmatch(name) is not None
    return True
