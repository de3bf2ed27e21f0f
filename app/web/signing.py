"""Signed tokens: links, quotes, access tokens and cursors (docs/decisions/0003-links.md).

The payload is readable by anyone and changeable by no one. Every purpose has its own salt, so that
no token of one kind is ever good as another. Nothing here knows of time: a token that expires
carries its expiry in the payload, and the application's clock decides.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import orjson
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode, want_bytes

# Longer ones are refused unread; ours have at most 300 characters.
MAX_LENGTH = 1024
# SHA-384 has 48 bytes: exactly 64 base64 characters, no padding bits that could be spelled twice.
_SHAPE = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]{64}", re.ASCII)


class BadTokenError(Exception):
    """The token is malformed, forged, or signed by a key that is no longer in use."""


class _Signer(Signer):
    """Derives each key once, which takes as long as signing with it."""

    def __init__(self, keys: Sequence[str], salt: str) -> None:
        super().__init__(list(keys), salt=salt, key_derivation="hmac", digest_method=hashlib.sha384)
        self._derived = {key: super(_Signer, self).derive_key(key) for key in self.secret_keys}

    def derive_key(self, secret_key: str | bytes | None = None) -> bytes:
        """Give the key that `secret_key`, by default the newest one, becomes for this purpose."""
        return self._derived[self.secret_key if secret_key is None else want_bytes(secret_key)]


class TokenSigner:
    """Signs and reads the tokens of one purpose. Keys are oldest first; the last one signs."""

    def __init__(self, keys: Sequence[str], purpose: str) -> None:
        self._signer = _Signer(keys, f"reslot/{purpose}")

    def sign(self, payload: Sequence[object]) -> str:
        """Make a token of a short list of strings, numbers and nulls."""
        return self._signer.sign(base64_encode(orjson.dumps(payload))).decode()

    def read(self, token: str) -> list[Any]:
        """Give the payload of a token that we signed.

        Raises:
            BadTokenError: it is not one of ours.
        """
        if len(token) > MAX_LENGTH or not _SHAPE.fullmatch(token):
            raise BadTokenError
        try:
            payload = orjson.loads(base64_decode(self._signer.unsign(token)))
        except BadSignature:
            raise BadTokenError from None
        assert isinstance(payload, list)  # noqa: S101 - signed by us, and we sign lists only
        return payload
