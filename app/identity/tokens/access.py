"""Signed, short-lived access tokens for one client of a practice, or for one of their sessions."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from app.audit.write import Actor
from app.domain.errors import UnauthorizedError
from app.web.signing import BadTokenError, TokenSigner

TOKENS_KEPT = 4096


def scope_of_client(client_id: UUID) -> str:
    """Return the scope of the idempotency keys of a client who signed in."""
    return f"client:{client_id}"


def scope_of_link(session_id: UUID) -> str:
    """Return the scope of the idempotency keys of whoever holds a session's link."""
    return f"link:{session_id}"


class Caller(NamedTuple):
    """The caller, as their access token says.

    `generation` is the client's token generation; for a link, it is the client's address
    generation. `session_id` and `link_generation` are set for a link only. The statement that
    reads the session compares the generations with the current ones (product.md section 10,
    "Revocation").
    """

    practice_id: UUID
    client_id: UUID
    generation: int
    session_id: UUID | None = None
    link_generation: int | None = None
    origin: str | None = None

    @property
    def is_link(self) -> bool:
        """Return whether the caller holds an emailed link, and so may see one session only."""
        return self.session_id is not None

    @property
    def scope(self) -> str:
        """Return the scope of the caller's idempotency keys."""
        if self.session_id is not None:
            return scope_of_link(self.session_id)
        return scope_of_client(self.client_id)

    @property
    def actor(self) -> Actor:
        """Return the actor that the audit log names."""
        return Actor("link" if self.is_link else "client", origin=self.origin)

    def confirm(
        self, token_generation: int, address_generation: int, link_generation: int | None
    ) -> None:
        """Compare the token's generations with the current ones.

        Raises:
            UnauthorizedError: the client signed out everywhere, the client's address changed, or
                the link was revoked.
        """
        present = address_generation if self.is_link else token_generation
        if self.generation != present:
            raise UnauthorizedError
        if self.is_link and self.link_generation != link_generation:
            raise UnauthorizedError


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._signer = TokenSigner(keys, "access")
        # Cached: a client's app sends the same token with each call. Invalid tokens raise and are
        # not cached.
        self._known = lru_cache(maxsize=TOKENS_KEPT)(self._open)

    def sign(self, caller: Caller, expires_at: datetime) -> str:
        """Sign a token that expires at `expires_at`, cut to whole seconds."""
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
            UnauthorizedError: the token is malformed, not signed by us, or expired.
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
