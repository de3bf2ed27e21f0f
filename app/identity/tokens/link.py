"""Tokens of the links in emails (product.md section 5, docs/decisions/0003-links.md)."""

from collections.abc import Sequence
from typing import Literal, NamedTuple
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner


class Link(NamedTuple):
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
        self.keys = keys
        self._signer = TokenSigner(keys, "link")

    def sign(self, link: Link) -> str:
        """Sign the token of an email's link."""
        return sign_link(self._signer, link)

    def read(self, token: str) -> Link:
        """Read the token of a link.

        Raises:
            LinkInvalidError: the token is malformed or not signed by us.
        """
        return Link(*read_link(self._signer, token))


def sign_link(signer: TokenSigner, link: tuple[UUID, UUID, int, int]) -> str:
    """Sign a practice's id, the id of one of its records, and the two generations."""
    practice_id, record_id, *generations = link
    return signer.sign([practice_id.hex, record_id.hex, *generations])


def read_link(signer: TokenSigner, token: str) -> tuple[UUID, UUID, int, int]:
    """Read what `sign_link` signed.

    Raises:
        LinkInvalidError: the token is malformed or not signed by us.
    """
    try:
        practice_id, record_id, address_generation, link_generation = signer.read(token)
    except BadTokenError:
        raise LinkInvalidError from None
    return UUID(practice_id), UUID(record_id), address_generation, link_generation


# What a link can ask the page for: the free times, or the confirmation of a cancellation.
FirstView = Literal["reschedule", "cancel"]


def link_url(portal_url: str, token: str, to: FirstView | None = None) -> str:
    """Return the URL for the email. The fragment keeps the token out of logs and referrers.

    `to` is what the page shows first, where it is possible. It stands behind the token; no token
    contains an `&`. Without it, the page shows the session.
    """
    return f"{portal_url}#{token}" if to is None else f"{portal_url}#{token}&to={to}"
