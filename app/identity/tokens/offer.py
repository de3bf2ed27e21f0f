"""Tokens of the links in emails that offer a freed time (product.md section 10, "Offers")."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from app.identity.tokens.link import read_link, sign_link
from app.web.signing import TokenSigner


class OfferLink(NamedTuple):
    """One offer of a practice, and the generations at which the link was made.

    As for the link of a session (app/identity/tokens/link.py). `link_generation` is that of the
    session that is to move, 0 if there is none, as is that of a session which the offer books.
    """

    practice_id: UUID
    offer_id: UUID
    address_generation: int
    link_generation: int


class OfferTokens:
    """Signs and reads the tokens of offers."""

    def __init__(self, keys: Sequence[str]) -> None:
        self.keys = keys
        self._signer = TokenSigner(keys, "offer")

    def sign(self, link: OfferLink) -> str:
        """Sign the token of an email's link."""
        return sign_link(self._signer, link)

    def read(self, token: str) -> OfferLink:
        """Read a token.

        Raises:
            LinkInvalidError: the token is malformed or not signed by us.
        """
        return OfferLink(*read_link(self._signer, token))


def offer_url(portal_url: str, token: str) -> str:
    """Return the URL for the email. The fragment keeps the token out of logs and referrers."""
    return f"{portal_url}#offer={token}"
