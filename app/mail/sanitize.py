"""Makes text that people typed safe for headers, calendars and terminals."""

import re
from email.headerregistry import Address

from app.outbox.errors import UndeliverableError
from app.standards import addresses

# Joiners are no printable characters, but names in some scripts need them.
_JOINERS = "\u200c\u200d"
# With these a display name needs quoting, which older mail libraries get wrong when they fold it.
_SPECIALS = re.compile(r'["<>@,;:\\()\[\]=?]')
_ADDRESS = re.compile(r'([^\s"<>@,;:\\()\[\]]+)@([^\s"<>@,;:\\()\[\]]+)')
_WEB_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")
_MAX_NAME = 80


def one_line(text: str) -> str:
    """Make a single line of printable characters."""
    return " ".join(_printable(text).split())


def lines(text: str) -> str:
    """Drop control characters, and keep the lines."""
    return "\n".join(_printable(line).rstrip() for line in text.strip().splitlines())


def web_address(url: str | None) -> str | None:
    """Let a plain http(s) address pass, nothing else."""
    return url if url is not None and _WEB_ADDRESS.fullmatch(url) else None


def mailbox(name: str, email: str) -> Address:
    """Make an address for a header. No name can add a header or another recipient.

    Raises:
        UndeliverableError: `email` is no address, or its local part is not ASCII: the mail server
            would need SMTPUTF8.
    """
    match = _ADDRESS.fullmatch(email)
    if match is None or not match[1].isascii():
        raise UndeliverableError
    display_name = one_line(_SPECIALS.sub(" ", name))[:_MAX_NAME].rstrip()
    return Address(display_name, username=match[1], domain=ascii_domain(match[2]))


def ascii_domain(domain: str) -> str:
    """Spell a domain for mail servers that know ASCII only.

    Raises:
        UndeliverableError: there can be no such domain.
    """
    try:
        return addresses.ascii_domain(domain)
    except ValueError:
        raise UndeliverableError from None


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)
