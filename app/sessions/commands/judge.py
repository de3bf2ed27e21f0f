"""No cost that a client was not shown (product.md section 2, "No fee without a quote")."""

from datetime import datetime

from app.domain.errors import ActionRefusedError, QuoteStaleError
from app.domain.policy.costs import Cost
from app.domain.policy.decide import decide
from app.domain.policy.rules import Action
from app.domain.quotes import quoted_cost
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.errors import QuoteOutdatedError, QuoteRequiredError
from app.sessions.read.records import SessionRecord


def judge(
    record: SessionRecord, action: Action, token: str | None, quotes: Quotes, now: datetime
) -> Cost:
    """Ask the policy what an action of the client's costs, and honour a quote that counts.

    Raises:
        QuoteInvalidError: the quote is forged, or of another session or action.
        QuoteOutdatedError: the quote is of an earlier version of the session.
        ActionRefusedError: the policy refuses the action.
        QuoteRequiredError: the action costs something, and no quote that counts says so.
    """
    policy, facts = rules_of(record.policy), record.facts
    decision = decide(policy, action, facts, now)
    try:
        quoted = quoted_cost(
            None if token is None else quotes.read(token),
            practice_id=record.practice_id,
            session_id=record.id,
            version=record.version,
            action=action,
            now=now,
        )
    except QuoteStaleError:
        raise QuoteOutdatedError(decision, record, now) from None
    if quoted is not None:
        decision = decide(policy, action, facts, now, quoted=quoted)
    if decision.cost is None:
        raise ActionRefusedError(decision, record.client_zone)
    if quoted is None and not decision.cost.is_free:
        raise QuoteRequiredError(decision, record, now)
    return decision.cost
