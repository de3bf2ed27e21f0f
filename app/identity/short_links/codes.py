"""The code of a short link: 16 letters and digits, made from the notification that has the link."""

import hashlib
import hmac
import re
import string
from collections.abc import Sequence
from uuid import UUID

LENGTH = 16
_ALPHABET = string.digits + string.ascii_letters
_SHAPE = re.compile(f"[0-9A-Za-z]{{{LENGTH}}}", re.ASCII)


def make_code(keys: Sequence[str], practice_id: UUID, notification_id: UUID, number: str) -> str:
    """Make the code of a notification's link. It has 95 bits that nobody without the key can guess.

    It is the same on each attempt, so that a repeated text message is the same message. To another
    telephone number it is another one, so that what went to the former number stays ended.
    """
    about = b"short-link" + practice_id.bytes + notification_id.bytes + number.encode()
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
