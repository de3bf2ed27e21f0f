"""What the token of an email's link says (product.md section 5, docs/decisions/0003-links.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner


@dataclass(frozen=True, slots=True)
class Link:
    """One session of one practice, and the generations at which the link was made.

    The link is good while both still are the present ones: `address_generation` rises when the
    client's address changes, `link_generation` when staff revoke the session's links. It carries
    no expiry: it ends with the session it opens, wherever that is moved to.
    """

    practice_id: UUID
    session_id: UUID
    address_generation: int
    link_generation: int


class LinkTokens:
    """Writes and reads link tokens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._signer = TokenSigner(keys, "link")

    def sign(self, link: Link) -> str:
        """Make the token that goes into the email."""
        return self._signer.sign(
            [
                link.practice_id.hex,
                link.session_id.hex,
                link.address_generation,
                link.link_generation,
            ]
        )

    def read(self, token: str) -> Link:
        """Read a token that came back.

        Raises:
            LinkInvalidError: it is not one that we signed.
        """
        try:
            practice_id, session_id, address_generation, link_generation = self._signer.read(token)
        except BadTokenError:
            raise LinkInvalidError from None
        return Link(UUID(practice_id), UUID(session_id), address_generation, link_generation)


def link_url(portal_url: str, token: str) -> str:
    """Spell the address in the email: in the fragment the token reaches no log and no referrer."""
    return f"{portal_url}#{token}"
