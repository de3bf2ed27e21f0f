"""The cost of a client's action (product.md section 2, "No fee without a quote")."""

from datetime import datetime

from app.domain.errors import QuoteStaleError
from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision, decide
from app.domain.policy.judgement import Judged, Judgement, Quoted
from app.domain.policy.reason_costs import decide_with_reason
from app.domain.policy.reasons import ReasonEffect
from app.domain.policy.rules import Action
from app.domain.policy.targets import is_free_target
from app.domain.quotes import quoted_cost
from app.domain.refusals import ActionRefusedError
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.commands.orders import ClientOrder
from app.sessions.commands.reasons import check_reason
from app.sessions.errors import AttemptRefusedError, QuoteOutdatedError, QuoteRequiredError
from app.sessions.read.records import SessionRecord


def judge_for_client(
    record: SessionRecord,
    action: Action,
    order: ClientOrder,
    quotes: Quotes,
    now: datetime,
    target: datetime | None = None,
) -> Judged:
    """Give the policy's cost of a client's action, for their reason; a valid quote limits it.

    `target` is the start to which a move leads.

    Raises:
        InvalidInputError: see `check_reason`.
        QuoteInvalidError, QuoteOutdatedError: see `_decide`.
        AttemptRefusedError: the policy refuses the action; that is counted.
        QuoteRequiredError: the action has a cost, and the request has no valid quote.
    """
    check_reason(record, order.reason)
    effect = order.effect_on(record)
    try:
        cost, quoted = _decide(record, action, order.quote, quotes, now, target, effect)
    except ActionRefusedError as error:
        raise AttemptRefusedError(error.decision, record, now) from None
    if quoted is None and not cost.is_free:
        raise QuoteRequiredError(_shown(record, action, now), record, now)
    return Judged(cost, Judgement(action, record.facts, now, quoted, target, effect=effect))


def check_allowed(
    record: SessionRecord,
    action: Action,
    token: str | None,
    quotes: Quotes,
    now: datetime,
    target: datetime | None = None,
) -> None:
    """Check that a client may do an action now, or that a valid quote covers it.

    `token` is the signed quote of the request, if any.

    Raises:
        QuoteInvalidError, QuoteOutdatedError, ActionRefusedError: see `_decide`.
    """
    _decide(record, action, token, quotes, now, target)


def _decide(
    record: SessionRecord,
    action: Action,
    token: str | None,
    quotes: Quotes,
    now: datetime,
    target: datetime | None,
    effect: ReasonEffect = ReasonEffect.USUAL,
) -> tuple[Cost, Quoted | None]:
    """Give the cost by the policy, and the valid quote that was applied.

    Raises:
        QuoteInvalidError: the quote is forged, or for another session or action.
        QuoteOutdatedError: the quote is for an earlier version of the session.
        ActionRefusedError: the policy refuses the action.
    """
    policy, facts = rules_of(record.policy), record.facts
    quote = None if token is None else quotes.read(token)
    try:
        cost = quoted_cost(
            quote,
            practice_id=record.practice_id,
            session_id=record.id,
            version=record.version,
            action=action,
            now=now,
            to_free_target=is_free_target(policy, facts, target),
        )
    except QuoteStaleError:
        raise QuoteOutdatedError(_shown(record, action, now), record, now) from None
    decision = decide_with_reason(policy, action, facts, now, effect, quoted=cost, target=target)
    if decision.cost is None:
        raise ActionRefusedError(decision, record.client_zone)
    if quote is None or cost is None:
        return decision.cost, None
    return decision.cost, Quoted(cost, quotes.given_at(quote, now))


def _shown(record: SessionRecord, action: Action, now: datetime) -> Decision:
    """Decide as the session's details do: about a move to any target."""
    return decide(rules_of(record.policy), action, record.facts, now)
