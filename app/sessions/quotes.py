"""Writing and reading signed quotes (docs/decisions/0004-quotes.md).

When one counts is a rule, and stands in app/domain/quotes.py.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from app.domain.errors import QuoteInvalidError
from app.domain.money import Money
from app.domain.policy import Action, Cost, Credit
from app.domain.quotes import Quote
from app.signing import BadTokenError, TokenSigner


class Quotes:
    """Signs what a client is shown, so that he never pays more than that."""

    def __init__(self, keys: Sequence[str], lifetime: timedelta) -> None:
        self._signer = TokenSigner(keys, "quote")
        self.lifetime = lifetime

    def sign(self, quote: Quote) -> str:
        """Make the token that the client sends back. Its expiry is cut to whole seconds."""
        fee = quote.cost.fee
        return self._signer.sign(
            [
                quote.practice_id.hex,
                quote.session_id.hex,
                quote.version,
                quote.action,
                int(quote.expires_at.timestamp()),
                None if fee is None else [fee.amount_minor, fee.currency],
                quote.cost.credit,
            ]
        )

    def read(self, token: str) -> Quote:
        """Read a quote that came back.

        Raises:
            QuoteInvalidError: it is not one that we signed.
        """
        try:
            practice_id, session_id, version, action, expires, fee, credit = self._signer.read(
                token
            )
        except BadTokenError:
            raise QuoteInvalidError from None
        return Quote(
            practice_id=UUID(practice_id),
            session_id=UUID(session_id),
            version=version,
            action=Action(action),
            expires_at=datetime.fromtimestamp(expires, UTC),
            cost=Cost(
                fee=None if fee is None else Money(*fee),
                credit=None if credit is None else Credit(credit),
            ),
        )
