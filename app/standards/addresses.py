"""Normalisation of email addresses and host names.

A domain with non-ASCII letters has two spellings, Unicode and ASCII ("xn--…"), of the same domain.
They are converted by IDNA 2008 with UTS 46, non-transitional. Python's own "idna" codec is IDNA
2003: it converts "faß.example" to "fass.example", which is another domain. Source:
docs/decisions/0019-names.md.
"""

import string
from functools import lru_cache
from urllib.parse import quote, urlsplit

import idna
from email_validator import EmailNotValidError, validate_email

from app.texts.errors import InvalidValueError

_SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
# RFC 6068 section 2: other characters that need no escape before the "@" of a mailto URI.
_PLAIN_IN_MAILTO = "!$'*+"


# Cached: most addresses have one of a few domains.
@lru_cache(maxsize=1024)
def ascii_domain(domain: str) -> str:
    """Convert a domain or a host name to ASCII.

    Raises:
        ValueError: the text is not a valid domain.
    """
    return idna.encode(domain, uts46=True, transitional=False).decode("ascii")


def normal_address(address: str) -> str:
    """Normalise an address for storage: its domain in Unicode and in lower case.

    Raises:
        ValueError: the text is not an email address, or its local part is not ASCII. Mail reaches
            such a mailbox only if every mail server on the way supports SMTPUTF8.
    """
    try:
        found = validate_email(address, check_deliverability=False, allow_smtputf8=False)
    except EmailNotValidError:
        raise InvalidValueError("field.email") from None
    return found.normalized


def spellings(address: str) -> list[str]:
    """Return an address with its domain in Unicode, and with its domain in ASCII.

    If the domain is invalid, the text is returned twice, so that a statement always gets two
    values.
    """
    local, at, domain = address.rpartition("@")
    try:
        in_ascii = ascii_domain(domain)
        in_unicode = idna.decode(in_ascii)
    except ValueError:
        return [address, address]
    return [f"{local}{at}{in_unicode}", f"{local}{at}{in_ascii}"]


def mailbox_key(address: str) -> str:
    """Return a key that is equal for two addresses of one mailbox.

    The spelling of the domain and ASCII capitals do not matter. Letters of other scripts that only
    look the same give a different key.
    """
    return spellings(address)[1].translate(_SMALL)


def mailto(address: str) -> str:
    """Return the `mailto:` URI of an address, in ASCII (RFC 6068)."""
    local, _, domain = spellings(address)[1].rpartition("@")
    return f"mailto:{quote(local, safe=_PLAIN_IN_MAILTO)}@{domain}"


def ascii_url(url: str) -> str:
    """Convert the host of a URL to ASCII. The rest does not change.

    Raises:
        ValueError: the text is not a URL, or its host is invalid.
    """
    if url.isascii() or (urlsplit(url).hostname or "").isascii():
        return url
    scheme, _, rest = url.partition("://")
    authority = urlsplit(url).netloc
    user, at, place = authority.rpartition("@")
    name, colon, port = place.partition(":")
    return f"{scheme}://{user}{at}{ascii_domain(name)}{colon}{port}{rest[len(authority) :]}"
