"""When a quote is valid (product.md section 2, "No fee without a quote")."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.domain.errors import QuoteInvalidError, QuoteStaleError
from app.domain.policy.costs import Cost
from app.domain.policy.rules import Action


@dataclass(frozen=True, slots=True)
class Quote:
    """The cost that a client was shown, for one action on one version of one session."""

    practice_id: UUID
    session_id: UUID
    version: int
    action: Action
    expires_at: datetime
    cost: Cost


def quoted_cost(
    quote: Quote | None,
    *,
    practice_id: UUID,
    session_id: UUID,
    version: int,
    action: Action,
    now: datetime,
) -> Cost | None:
    """Give the cost that the quote promises for `action`; None without a quote or after its expiry.

    A quote is still valid exactly at `expires_at`.

    Raises:
        QuoteInvalidError: the quote is for another session or another action.
        QuoteStaleError: the session has changed since the quote was made.
    """
    if quote is None:
        return None
    own = (quote.practice_id, quote.session_id, quote.action)
    if own != (practice_id, session_id, action):
        raise QuoteInvalidError
    if now > quote.expires_at:
        return None
    if quote.version != version:
        raise QuoteStaleError
    return quote.cost
