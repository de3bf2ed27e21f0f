"""The cost of a client's action (product.md section 2, "No fee without a quote")."""

from datetime import datetime

from app.domain.errors import QuoteStaleError
from app.domain.policy.decide import Decision, decide
from app.domain.policy.judgement import Judged, Judgement, Quoted, decision_about
from app.domain.policy.reasons import ReasonEffect
from app.domain.policy.rules import Action
from app.domain.policy.targets import is_free_target
from app.domain.quotes import quoted_cost
from app.domain.refusals import ActionRefusedError
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.commands.orders import ClientOrder
from app.sessions.commands.reasons import check_reason
from app.sessions.errors import (
    AllowanceSpentError,
    AttemptRefusedError,
    QuoteOutdatedError,
    QuoteRequiredError,
)
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
        AllowanceSpentError: the quote shows one of the allowance, and none is left any more.
        AttemptRefusedError: the policy refuses the action; that is counted.
        QuoteRequiredError: the action has a cost, and the request has no valid quote.
    """
    check_reason(record, order.reason)
    effect = order.effect_on(record)
    try:
        decision, judgement = _decide(
            record,
            action,
            order.quote,
            quotes,
            now,
            target,
            effect=effect,
            use_allowance=order.use_allowance,
        )
    except ActionRefusedError as error:
        raise AttemptRefusedError(error.decision, record, now) from None
    if decision.needs_quote and judgement.quoted is None:
        raise QuoteRequiredError(_shown(record, action, now), record, now)
    if is_spent(decision, judgement):
        raise AllowanceSpentError(_shown(record, action, now), record, now)
    return judged_of(decision, judgement)


def is_spent(decision: Decision, judgement: Judgement) -> bool:
    """Tell whether the client wants to use what the quote has shown them, and nothing is left."""
    wants = judgement.quoted is not None and judgement.may_use_allowance
    return wants and decision.allowance is not None and not decision.uses_allowance


def judged_of(decision: Decision, judgement: Judgement) -> Judged:
    """Give the cost of an allowed action, and what is left of the allowance if it uses one."""
    assert decision.cost is not None  # noqa: S101 - it is allowed
    allowance = decision.allowance
    used = allowance.left if allowance is not None and allowance.would_use else None
    return Judged(decision.cost, judgement, used)


def check_allowed(
    record: SessionRecord,
    action: Action,
    token: str | None,
    quotes: Quotes,
    now: datetime,
    target: datetime | None = None,
) -> Decision:
    """Check that a client may do an action now, or that a valid quote covers it; decide about it.

    `token` is the signed quote of the request, if any.

    Raises:
        QuoteInvalidError, QuoteOutdatedError, ActionRefusedError: see `_decide`.
    """
    return _decide(record, action, token, quotes, now, target)[0]


def _decide(
    record: SessionRecord,
    action: Action,
    token: str | None,
    quotes: Quotes,
    now: datetime,
    target: datetime | None,
    *,
    effect: ReasonEffect = ReasonEffect.USUAL,
    use_allowance: bool = True,
) -> tuple[Decision, Judgement]:
    """Give the decision of the policy, and what it depended on: also the valid quote, if any.

    Raises:
        QuoteInvalidError: the quote is forged, or for another session or action.
        QuoteOutdatedError: the quote is for an earlier version of the session.
        ActionRefusedError: the policy refuses the action.
    """
    policy, facts = rules_of(record.policy), record.facts
    quote = None if token is None else quotes.read(token)
    to_free_target = is_free_target(policy, facts, target)
    try:
        cost = quoted_cost(
            quote,
            practice_id=record.practice_id,
            session_id=record.id,
            version=record.version,
            action=action,
            now=now,
            to_free_target=to_free_target,
        )
    except QuoteStaleError:
        raise QuoteOutdatedError(_shown(record, action, now), record, now) from None
    quoted = None
    if quote is not None and cost is not None:
        uses = quote.promised.uses_allowance_for(to_free_target=to_free_target)
        quoted = Quoted(cost, quotes.given_at(quote, now), uses)
    keeps = not use_allowance
    judgement = Judgement(action, facts, now, quoted, target, effect=effect, keeps_allowance=keeps)
    decision = decision_about(policy, judgement)
    if decision.cost is None:
        raise ActionRefusedError(decision, record.client_zone)
    return decision, judgement


def _shown(record: SessionRecord, action: Action, now: datetime) -> Decision:
    """Decide as the session's details do: about a move to any target."""
    return decide(rules_of(record.policy), action, record.facts, now)
