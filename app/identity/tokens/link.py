"""Tokens of the links in emails (product.md section 5, docs/decisions/0003-links.md)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner


@dataclass(frozen=True, slots=True)
class Link:
    """A session of a practice, and the generations at which the link was made.

    The link is valid while both generations are the current ones. `address_generation` rises when
    the client's address changes, `link_generation` when staff revoke the session's links. The link
    has no expiry of its own: it ends with its session, also after a reschedule.
    """

    practice_id: UUID
    session_id: UUID
    address_generation: int
    link_generation: int


class LinkTokens:
    """Signs and reads link tokens."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._signer = TokenSigner(keys, "link")

    def sign(self, link: Link) -> str:
        """Sign the token of an email's link."""
        return self._signer.sign(
            [
                link.practice_id.hex,
                link.session_id.hex,
                link.address_generation,
                link.link_generation,
            ]
        )

    def read(self, token: str) -> Link:
        """Read the token of a link.

        Raises:
            LinkInvalidError: the token is malformed or not signed by us.
        """
        try:
            practice_id, session_id, address_generation, link_generation = self._signer.read(token)
        except BadTokenError:
            raise LinkInvalidError from None
        return Link(UUID(practice_id), UUID(session_id), address_generation, link_generation)


def link_url(portal_url: str, token: str) -> str:
    """Return the URL for the email. The fragment keeps the token out of logs and referrers."""
    return f"{portal_url}#{token}"
