"""Signed tokens: links, quotes, access tokens and cursors (docs/decisions/0003-links.md).

Anyone can read the payload; nobody can change it without a key. Every purpose has its own salt, so
a token of one kind is never accepted as another kind. This module does not check time: a token
that expires has its expiry in the payload, and the caller compares it with the application's clock.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import orjson
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

# A longer text is refused without being parsed. Most tokens of Reslot have at most 300 characters.
MAX_LENGTH = 1024
# SHA-384 has 48 bytes, exactly 64 base64 characters: without padding bits, so that each signature
# has one spelling only.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{64}", re.ASCII)


class BadTokenError(Exception):
    """The token is malformed, forged, or signed by a key that is no longer in use."""


class _Signer(Signer):
    """A signer that derives each key once: a derivation takes as long as a signature."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(list(keys), salt=salt, key_derivation="hmac", digest_method=hashlib.sha384)
        self._derived = {key: super(_Signer, self).derive_key(key) for key in self.secret_keys}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Return the key derived from `secret_key`, by default from the newest one."""
        return self._derived[self.secret_key if secret_key is None else want_bytes(secret_key)]


class TokenSigner:
    """Signs and reads the tokens of one purpose. Keys are oldest first; the last one signs."""

    def __init__(self, keys: Sequence[str], purpose: str, *, max_length: int = MAX_LENGTH) -> None:
        self._signer = _Signer(keys, f"reslot/{purpose}")
        self._max_length = max_length

    def sign(self, payload: Sequence[object]) -> str:
        """Sign a list of strings, numbers and nulls. Return the token."""
        return self._signer.sign(base64_encode(orjson.dumps(payload))).decode()

    def read(self, token: str) -> list[Any]:
        """Return the payload of a token.

        Raises:
            BadTokenError: the token is malformed or not signed with one of the keys.
        """
        if len(token) > self._max_length or not _SHAPE.fullmatch(token):
            raise BadTokenError
        try:
            payload = orjson.loads(base64_decode(self._signer.unsign(token)))
        except BadSignature:
            raise BadTokenError from None
        assert isinstance(payload, list)  # noqa: S101 - signed by us, and we sign lists only
        return payload
