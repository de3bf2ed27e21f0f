"""Tokens of sign-in: of the emailed link, and refresh tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A sign-in link: the id of a row that holds its client, its expiry, and whether it was used.

    The token contains no expiry, so that a second copy of the mail has the same token.
    """

    practice_id: UUID
    sign_in_id: UUID


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token: its family, and its number in it, from 1. Each replaces the one before."""

    practice_id: UUID
    family_id: UUID
    number: int


class SignInTokens:
    """Signs and reads the tokens of sign-in links and refresh tokens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._links = TokenSigner(keys, "sign-in")
        self._refreshes = TokenSigner(keys, "refresh")

    def sign_link(self, link: MailedLink) -> str:
        """Sign the token of a sign-in link."""
        return self._links.sign([link.practice_id.hex, link.sign_in_id.hex])

    def read_link(self, text: str) -> MailedLink:
        """Read the token of a sign-in link.

        Raises:
            LinkInvalidError: the token is malformed or not signed by us.
        """
        try:
            practice_id, sign_in_id = self._links.read(text)
        except BadTokenError:
            raise LinkInvalidError from None
        return MailedLink(UUID(practice_id), UUID(sign_in_id))

    def sign_refresh(self, token: RefreshToken) -> str:
        """Sign a refresh token. The same family and number always give the same text."""
        return self._refreshes.sign([token.practice_id.hex, token.family_id.hex, token.number])

    def read_refresh(self, text: str) -> RefreshToken | None:
        """Read a refresh token. None if it is malformed or not signed by us."""
        try:
            practice_id, family_id, number = self._refreshes.read(text)
        except BadTokenError:
            return None
        return RefreshToken(UUID(practice_id), UUID(family_id), number)


def sign_in_url(portal_url: str, token: str) -> str:
    """Return the URL for the email. The fragment keeps the token out of logs and referrers."""
    return f"{portal_url}#sign-in={token}"
