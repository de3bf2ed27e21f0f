"""The code of a short link: 16 letters and digits, made from the notification that has the link."""

import hashlib
import hmac
import re
import string
from collections.abc import Sequence
from uuid import UUID

from app.identity.tokens.link import Link
from app.identity.tokens.offer import OfferLink

LENGTH = 16
_ALPHABET = string.digits + string.ascii_letters
_SHAPE = re.compile(f"[0-9A-Za-z]{{{LENGTH}}}", re.ASCII)


def make_code(
    keys: Sequence[str], notification_id: UUID, number: str, link: Link | OfferLink
) -> str:
    """Make the code of a notification's link. It has 95 bits that nobody without the key can guess.

    It is the same on each attempt, so that a repeated text message is the same message. To another
    telephone number, or after the links were revoked, it is another one: what was sent before stays
    ended, and what is sent now opens.
    """
    practice_id, _, *generations = link
    ids = practice_id.bytes + notification_id.bytes
    about = b"short-link" + ids + f"{number} {generations}".encode()
    left = int.from_bytes(hmac.digest(keys[-1].encode(), about, hashlib.sha384))
    code = ""
    for _ in range(LENGTH):
        left, index = divmod(left, len(_ALPHABET))
        code += _ALPHABET[index]
    return code


def is_code(token: str) -> bool:
    """Tell whether a token is the code of a short link, and not a signed token."""
    return _SHAPE.fullmatch(token) is not None


def hash_code(code: str, key: str) -> bytes:
    """Hash a code with a signing key. Only the hash is stored and looked for.

    So comparing it tells nothing, and who removes a key ends the links that were made with it.
    """
    return hmac.digest(key.encode(), b"hash of short-link" + code.encode(), hashlib.sha256)
