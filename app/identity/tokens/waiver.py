"""Tokens of the links with which practitioners answer waivers (product.md section 10, "Waiver")."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from app.domain.errors import LinkInvalidError
from app.web.signing import BadTokenError, TokenSigner

_MARK_LENGTH = 16


class WaiverLink(NamedTuple):
    """One fee of a practice that its client asks about, and to whom the link was sent.

    The link is valid while both other values are the current ones: `link_generation` rises when
    staff revoke the links of the fee's session, `address_mark` changes with the address to which
    the mails for the practitioner go.
    """

    practice_id: UUID
    fee_id: UUID
    link_generation: int
    address_mark: str


class WaiverTokens:
    """Signs and reads the tokens of waivers."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._signer = TokenSigner(keys, "waiver")

    def sign(self, link: WaiverLink) -> str:
        """Sign the token of an email's link."""
        return self._signer.sign(
            [link.practice_id.hex, link.fee_id.hex, link.link_generation, link.address_mark]
        )

    def read(self, token: str) -> WaiverLink:
        """Read a token.

        Raises:
            LinkInvalidError: the token is malformed or not signed by us.
        """
        try:
            practice_id, fee_id, link_generation, address_mark = self._signer.read(token)
        except BadTokenError:
            raise LinkInvalidError from None
        return WaiverLink(UUID(practice_id), UUID(fee_id), link_generation, address_mark)


def mark_of(address: str) -> str:
    """Give a mark by which an email address is recognised. The address is not readable in it."""
    return sha256(address.lower().encode()).hexdigest()[:_MARK_LENGTH]


def waiver_url(portal_url: str, token: str) -> str:
    """Return the URL for the email. The fragment keeps the token out of logs and referrers."""
    return f"{portal_url}#waiver={token}"
