"""Makes text that people entered safe for headers, calendars and terminals."""

import re
from email.headerregistry import Address

from app.outbox.errors import UndeliverableError
from app.standards import addresses

# Zero-width joiners are not printable by Unicode, but names in some scripts need them.
_JOINERS = "\u200c\u200d"
# A display name with these must be quoted, and older mail libraries fold quoted names wrongly.
_SPECIALS = re.compile(r'["<>@,;:\\()\[\]=?]')
_ADDRESS = re.compile(r'([^\s"<>@,;:\\()\[\]]+)@([^\s"<>@,;:\\()\[\]]+)')
_WEB_ADDRESS = re.compile(r"https?://[\x21-\x7e]+")
_MAX_NAME = 80
_EXTENSION = re.compile(r"ext|x|[;,#/a-z]", re.IGNORECASE)
_MIN_DIGITS = 5


def one_line(text: str) -> str:
    """Replace line breaks, control characters and runs of spaces by one space each."""
    return " ".join(_printable(text).split())


def lines(text: str) -> str:
    """Replace control characters by spaces, and keep line breaks."""
    return "\n".join(_printable(line).rstrip() for line in text.strip().splitlines())


def web_address(url: str | None) -> str | None:
    """Return the URL if it is a plain http(s) address, else None."""
    return url if url is not None and _WEB_ADDRESS.fullmatch(url) else None


def mail_url(email: str) -> str | None:
    """Return a link that writes to an address; None if the address is not valid."""
    try:
        return f"mailto:{mailbox('', email).addr_spec}"
    except UndeliverableError:
        return None


def phone_url(phone: str) -> str | None:
    """Return a link that calls a number as people write it; None if it has too few digits.

    The trunk prefix of an international number, "(0)", is left out, and so is an extension.
    """
    number = _EXTENSION.split(phone, maxsplit=1)[0].strip()
    if number.startswith("+"):
        number = number.replace("(0)", "")
    digits = "".join(char for char in number if char.isascii() and char.isdigit())
    if len(digits) < _MIN_DIGITS:
        return None
    return f"tel:{'+' if number.startswith('+') else ''}{digits}"


def mailbox(name: str, email: str) -> Address:
    """Make an address for a header. The name cannot inject a header or another recipient.

    Raises:
        UndeliverableError: `email` is not a valid address, or its local part is not ASCII, for
            which the mail server would need SMTPUTF8.
    """
    match = _ADDRESS.fullmatch(email)
    if match is None or not match[1].isascii():
        raise UndeliverableError
    display_name = one_line(_SPECIALS.sub(" ", name))[:_MAX_NAME].rstrip()
    return Address(display_name, username=match[1], domain=ascii_domain(match[2]))


def ascii_domain(domain: str) -> str:
    """Encode a domain in ASCII, for mail servers without SMTPUTF8.

    Raises:
        UndeliverableError: the domain is not valid.
    """
    try:
        return addresses.ascii_domain(domain)
    except ValueError:
        raise UndeliverableError from None


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() or char in _JOINERS else " " for char in text)
