"""When a quote is valid (product.md section 2, "No fee without a quote")."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from app.domain.errors import QuoteInvalidError, QuoteStaleError
from app.domain.policy.costs import Cost, Promised
from app.domain.policy.rules import Action


@dataclass(frozen=True, slots=True)
class Quote:
    """The costs that a client was shown, for one action on one version of one session."""

    practice_id: UUID
    session_id: UUID
    version: int
    action: Action
    expires_at: datetime
    promised: Promised


def quoted_cost(
    quote: Quote | None,
    *,
    practice_id: UUID,
    session_id: UUID,
    version: int,
    action: Action,
    now: datetime,
    to_free_target: bool = False,
) -> Cost | None:
    """Give the cost that the quote promises for `action`; None without a quote or after its expiry.

    None also for a move to a target that the quote does not cover. A quote is still valid exactly
    at `expires_at`.

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
    return quote.promised.cost_of(to_free_target=to_free_target)


class QuoteLine(NamedTuple):
    """The part of a quote over several sessions that is about one version of one of them."""

    version: int
    promised: Promised


@dataclass(frozen=True, slots=True)
class ScopeQuote:
    """The costs that a client was shown, for one action on several sessions.

    `session_id` is the session that the command names. There is a line for each session that the
    command changes.
    """

    practice_id: UUID
    session_id: UUID
    action: Action
    expires_at: datetime
    lines: Mapping[UUID, QuoteLine]


def quoted_costs(
    quote: ScopeQuote | None,
    *,
    practice_id: UUID,
    session_id: UUID,
    versions: Mapping[UUID, int],
    keep: Collection[UUID],
    action: Action,
    now: datetime,
) -> Mapping[UUID, Promised] | None:
    """Give the promised costs of each session; None without a quote or after its expiry.

    `versions` are the sessions that the command covers. A session to `keep` may be in the quote.

    Raises:
        QuoteInvalidError: the quote is for another session or another action.
        QuoteStaleError: it is for other sessions, or one of them has changed since.
    """
    if quote is None:
        return None
    if (quote.practice_id, quote.session_id, quote.action) != (practice_id, session_id, action):
        raise QuoteInvalidError
    if now > quote.expires_at:
        return None
    lines = {id_: line for id_, line in quote.lines.items() if id_ not in keep}
    if {id_: line.version for id_, line in lines.items()} != dict(versions):
        raise QuoteStaleError
    return {id_: line.promised for id_, line in lines.items()}
