"""Email addresses and host names, spelled the same way everywhere.

A domain with letters beyond ASCII has two spellings: the Unicode one and the ASCII one ("xn--…").
Both name one domain. They are converted by IDNA 2008 with UTS 46, non-transitional. Python's own
"idna" codec is IDNA 2003: it turns "faß.example" into "fass.example", which belongs to somebody
else. Source: docs/decisions/0019-names.md.
"""

import string
from urllib.parse import quote, urlsplit

import idna
from email_validator import EmailNotValidError, validate_email

from app.texts.errors import InvalidValueError

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# RFC 6068 section 2: what else may stand unescaped in front of the "@" of a mailto URI.
_PLAIN_IN_MAILTO = "!$'*+"


def ascii_domain(domain: str) -> str:
    """Spell a domain or a host name in ASCII.

    Raises:
        ValueError: there can be no such domain.
    """
    return idna.encode(domain, uts46=True, transitional=False).decode("ascii")


def normal_address(address: str) -> str:
    """Give an address as it is stored: its domain in Unicode and in small letters.

    Raises:
        ValueError: it is no address, or its local part is not ASCII. Such a mailbox can only be
            reached where every mail server on the way knows SMTPUTF8.
    """
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InvalidValueError("field.email") from None
    return found.normalized


def spellings(address: str) -> list[str]:
    """Give both spellings of an address: with its domain in Unicode, and in ASCII.

    What can be no address has one spelling, given twice: a statement always gets two.
    """
    local, at, domain = address.rpartition("@")
    try:
        in_ascii = ascii_domain(domain)
        in_unicode = idna.decode(in_ascii)
    except ValueError:
        return [address, address]
    return [f"{local}{at}{in_unicode}", f"{local}{at}{in_ascii}"]


def mailbox_key(address: str) -> str:
    """Give what two addresses of one mailbox have in common.

    The spelling of the domain does not matter, nor do capitals of ASCII. Letters of other scripts
    that only look alike are different mailboxes.
    """
    return spellings(address)[1].translate(_SMALL)


def mailto(address: str) -> str:
    """Write an address as a URI, in ASCII (RFC 6068)."""
    local, _, domain = spellings(address)[1].rpartition("@")
    return f"mailto:{quote(local, safe=_PLAIN_IN_MAILTO)}@{domain}"


def ascii_url(url: str) -> str:
    """Spell the host of a URL in ASCII, and leave the rest as it is.

    Raises:
        ValueError: it is no URL, or there can be no such host.
    """
    if url.isascii() or (urlsplit(url).hostname or "").isascii():
        return url
    scheme, _, rest = url.partition("://")
    authority = urlsplit(url).netloc
    user, at, place = authority.rpartition("@")
    name, colon, port = place.partition(":")
    return f"{scheme}://{user}{at}{ascii_domain(name)}{colon}{port}{rest[len(authority) :]}"
