"""What the tokens of a sign-in say: the mailed link's and the refresh token's."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A sign-in link: it names a row, which says whose it is, until when, and whether it was used.

    So it carries no expiry: the row can be read, and the token of a copy of the mail is the same.
    """

    practice_id: UUID
    sign_in_id: UUID


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """One of a family of refresh tokens that replace each other, numbered from 1."""

    practice_id: UUID
    family_id: UUID
    number: int


class SignInTokens:
    """Writes and reads both."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._links = TokenSigner(keys, "sign-in")
        self._refreshes = TokenSigner(keys, "refresh")

    def sign_link(self, link: MailedLink) -> str:
        """Make the token that goes into the mail."""
        return self._links.sign([link.practice_id.hex, link.sign_in_id.hex])

    def read_link(self, text: str) -> MailedLink:
        """Read a token that came back from a mail.

        Raises:
            LinkInvalidError: it is not one that we signed.
        """
        try:
            practice_id, sign_in_id = self._links.read(text)
        except BadTokenError:
            raise LinkInvalidError from None
        return MailedLink(UUID(practice_id), UUID(sign_in_id))

    def sign_refresh(self, token: RefreshToken) -> str:
        """Make a refresh token; the same text each time for the same number of the same family."""
        return self._refreshes.sign([token.practice_id.hex, token.family_id.hex, token.number])

    def read_refresh(self, text: str) -> RefreshToken | None:
        """Read a refresh token; None where it is not one that we signed."""
        try:
            practice_id, family_id, number = self._refreshes.read(text)
        except BadTokenError:
            return None
        return RefreshToken(UUID(practice_id), UUID(family_id), number)


def sign_in_url(portal_url: str, token: str) -> str:
    """Spell the address in the mail: in the fragment the token reaches no log and no referrer."""
    return f"{portal_url}#sign-in={token}"
