"""The token in the address of a feed: practice, feed, and a secret of which a hash is stored."""

import hashlib
import hmac
import re
import secrets
from typing import NamedTuple
from uuid import UUID

# The two ids find the row of the feed; they are not secret.
_SHAPE = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})([A-Za-z0-9_-]{43})", re.ASCII)
_NO_HASH = bytes(32)


class FeedToken(NamedTuple):
    """A token, taken apart."""

    practice_id: UUID
    feed_id: UUID
    secret: str

    @property
    def text(self) -> str:
        """Write it as it is in the feed's address."""
        return f"{self.practice_id.hex}{self.feed_id.hex}{self.secret}"

    @property
    def hash(self) -> bytes:
        """Hash the secret. It has 256 random bits, so a slow password hash would add nothing."""
        return hashlib.sha256(self.secret.encode()).digest()

    def is_right(self, stored: bytes | None) -> bool:
        """Compare with the stored hash; None: there is no such feed. Takes the same time."""
        is_equal = hmac.compare_digest(self.hash, _NO_HASH if stored is None else stored)
        return is_equal and stored is not None


def new_token(practice_id: UUID, feed_id: UUID) -> FeedToken:
    """Make the token of a new feed."""
    return FeedToken(practice_id, feed_id, secrets.token_urlsafe(32))


def parse_token(text: str) -> FeedToken | None:
    """Take a token apart; None: it is malformed."""
    match = _SHAPE.fullmatch(text)
    return None if match is None else FeedToken(UUID(match[1]), UUID(match[2]), match[3])
