"""Access tokens: signed, short-lived, for one client of one practice, or for one session of his."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from app.audit.write import Actor
from app.domain.errors import UnauthorizedError
from app.web.signing import BadTokenError, TokenSigner

TOKENS_KEPT = 4096


class Caller(NamedTuple):
    """Who calls, as his token says.

    `generation` is the client's token generation, or for a link the generation of his address;
    `session_id` and `link_generation` are there for a link only. The statement that reads the
    session compares them with the present ones (product.md section 10, "Revocation").
    """

    practice_id: UUID
    client_id: UUID
    generation: int
    session_id: UUID | None = None
    link_generation: int | None = None
    origin: str | None = None

    @property
    def is_link(self) -> bool:
        """Tell whether this is the holder of a link, who may see one session only."""
        return self.session_id is not None

    @property
    def actor(self) -> Actor:
        """Say who acts, for the trail."""
        return Actor("link" if self.is_link else "client", origin=self.origin)

    def confirm(
        self, token_generation: int, address_generation: int, link_generation: int | None
    ) -> None:
        """Compare with the generations as they are now.

        Raises:
            UnauthorizedError: the client signed out everywhere, his address changed, or the link
                was revoked.
        """
        present = address_generation if self.is_link else token_generation
        if self.generation != present:
            raise UnauthorizedError
        if self.is_link and self.link_generation != link_generation:
            raise UnauthorizedError


class AccessTokens:
    """Writes and reads access tokens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._signer = TokenSigner(keys, "access")
        # A client's app sends the same token with call after call. What is no token is not kept.
        self._known = lru_cache(maxsize=TOKENS_KEPT)(self._open)

    def sign(self, caller: Caller, expires_at: datetime) -> str:
        """Make a token that is good until `expires_at`, in whole seconds."""
        return self._signer.sign(
            [
                caller.practice_id.hex,
                caller.client_id.hex,
                caller.generation,
                None if caller.session_id is None else caller.session_id.hex,
                caller.link_generation,
                int(expires_at.timestamp()),
            ]
        )

    def read(self, token: str, now: datetime, *, origin: str | None = None) -> Caller:
        """Read the token of a request that came from `origin`.

        Raises:
            UnauthorizedError: it is not one of ours, or has expired.
        """
        caller, expires_at = self._known(token)
        if now >= expires_at:
            raise UnauthorizedError
        return caller._replace(origin=origin)

    def _open(self, token: str) -> tuple[Caller, datetime]:
        try:
            payload = self._signer.read(token)
        except BadTokenError:
            raise UnauthorizedError from None
        practice_id, client_id, generation, session_id, link_generation, expires = payload
        caller = Caller(
            practice_id=UUID(practice_id),
            client_id=UUID(client_id),
            generation=generation,
            session_id=None if session_id is None else UUID(session_id),
            link_generation=link_generation,
        )
        return caller, datetime.fromtimestamp(expires, UTC)
