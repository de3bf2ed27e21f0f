"""Present commands on a session and those that follow it: before and after."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.money import total
from app.domain.policy.rules import Credit
from app.domain.quotes import Quote, QuoteLine, ScopeQuote
from app.domain.scope import SeriesScope
from app.identity.client_dependencies import Call
from app.identity.tokens.quote import Quotes
from app.sessions.client_api.decision_presenter import present_decision
from app.sessions.client_api.presenter import present_outcome
from app.sessions.client_api.preview_schemas import CoveredView, ScopeView
from app.sessions.client_api.reasons import ReasonVisibility, reasons_for
from app.sessions.client_api.schemas import CommandAnswer
from app.sessions.client_api.scope_schemas import TouchedView
from app.sessions.commands.orders import ScopeOutcome, Touched
from app.sessions.commands.scope import ScopePreview
from app.texts.catalogue import Texts
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.views import present_conflicts, present_money


def present_scope(
    preview: ScopePreview, zone: ZoneInfo, quotes: Quotes, now: datetime, texts: Texts
) -> ScopeView:
    """Present what a command would do, with one quote over all sessions if all are allowed."""
    costs = preview.costs
    quote = expires_at = None
    if costs:
        expires_at = quotes.expiry(now, preview.sessions.named.held_until)
        quote = _sign(preview, quotes, expires_at)
    return {
        "action": preview.action,
        "scope": preview.scope,
        "allowed": costs is not None,
        "sessions": _covered(preview, zone, now, texts),
        "staying": [
            {"session_id": record.id, "starts_at": record.starts_at.astimezone(zone), "why": why}
            for record, why in preview.sessions.staying
        ],
        "conflicts": present_conflicts(preview.conflicts, zone),
        "fee": present_money(total(cost.fee for cost in costs or [])),
        "credits_forfeited": sum(cost.credit is Credit.FORFEITED for cost in costs or []),
        "quote": quote,
        "quote_expires_at": None if expires_at is None else expires_at.astimezone(zone),
    }


def present_touched(touched: Sequence[Touched], zone: ZoneInfo) -> list[TouchedView]:
    """Present each session in the scope of a command, after the command."""
    return [
        {
            "session_id": one.record.id,
            "starts_at": one.record.starts_at.astimezone(zone),
            "ends_at": one.record.ends_at.astimezone(zone),
            "status": one.record.status,
            "version": one.record.version,
            "fee": present_money(one.cost.fee),
            "credit": one.cost.credit,
            "touched": one.changed,
            "why": one.why,
        }
        for one in touched
    ]


def present_scope_outcome(
    outcome: ScopeOutcome,
    quotes: Quotes,
    now: datetime,
    *,
    reasons: ReasonVisibility,
    texts: Texts,
) -> CommandAnswer:
    """Present the result of a client's command on several sessions."""
    record = outcome.record
    return {
        **present_outcome(record, outcome.effect, quotes, now, reasons=reasons, texts=texts),
        "sessions": present_touched(outcome.touched, record.client_zone),
    }


def _covered(
    preview: ScopePreview, zone: ZoneInfo, now: datetime, texts: Texts
) -> list[CoveredView]:
    found: list[CoveredView] = []
    for record, decision in zip(preview.sessions.covered, preview.decisions, strict=True):
        target = preview.targets.get(record.id)
        found.append(
            {
                "session_id": record.id,
                "starts_at": record.starts_at.astimezone(zone),
                "ends_at": record.ends_at.astimezone(zone),
                "time_zone": zone.key,
                "new_starts_at": None if target is None else target.astimezone(zone),
                "decision": present_decision(decision, record, zone, None, now, texts),
            }
        )
    return found


def _sign(preview: ScopePreview, quotes: Quotes, expires_at: datetime) -> str:
    """Sign one quote for all covered sessions; for one session alone, the quote of its details."""
    named, action, promised = preview.sessions.named, preview.action, preview.promised
    if preview.scope is SeriesScope.THIS:
        ((_, of_named),) = promised
        quote = Quote(named.practice_id, named.id, named.version, action, expires_at, of_named)
        return quotes.sign(quote)
    lines = {record.id: QuoteLine(record.version, of_record) for record, of_record in promised}
    return quotes.sign_scope(ScopeQuote(named.practice_id, named.id, action, expires_at, lines))


def scope_answer(outcome: ScopeOutcome, call: Call) -> StoredAnswer:
    """Make the response to a command on several sessions."""
    shown = present_scope_outcome(
        outcome, call.quotes, call.now, reasons=reasons_for(call.caller), texts=call.texts
    )
    return StoredAnswer(200, outcome.record.etag, as_json(shown), language=call.texts.language)
