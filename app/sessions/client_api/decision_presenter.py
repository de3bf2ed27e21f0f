"""Present what the policy allows and costs: decisions, terms, carried costs."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from app.domain.confirmation import why_not_confirm
from app.domain.policy.after import CancelAfter
from app.domain.policy.costs import Cost
from app.domain.policy.decide import Decision, FreeTargets, Term, terms
from app.domain.policy.reason_costs import reason_choices
from app.domain.policy.rules import Action, Credit, RebookRule
from app.domain.policy.targets import free_targets
from app.domain.policy.ways_out import ways_out
from app.domain.quotes import Quote
from app.domain.release import ReleaseChoice, live_release, release_choice
from app.domain.undo import may_undo
from app.domain.waitlist import may_wish
from app.domain.zones import from_seconds
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.client_api import decision_schemas, schemas
from app.sessions.client_api.allowance_presenter import (
    present_allowance,
    present_allowance_terms,
    present_carried,
    present_instant,
)
from app.sessions.client_api.reason_schemas import ReasonChoiceView
from app.sessions.read.records import (
    SessionRecord,
)
from app.texts.catalogue import Texts
from app.texts.reasons import label_of
from app.texts.refusals import refusal_text
from app.web.views import (
    present_contact,
    present_money,
)


def present_policy(record: SessionRecord, zone: ZoneInfo) -> schemas.PolicyView:
    """Present the policy of a session, with the costs of each action over time."""
    policy, facts = rules_of(record.policy), record.facts
    return _policy(
        record,
        zone,
        terms(policy, Action.CANCEL, facts),
        terms(policy, Action.RESCHEDULE, facts),
        terms(policy, Action.CHANGE_FORMAT, facts),
    )


def _policy(
    record: SessionRecord,
    zone: ZoneInfo,
    cancel: Sequence[Term],
    reschedule: Sequence[Term],
    change_format: Sequence[Term],
) -> schemas.PolicyView:
    return {
        "version": None if record.policy is None else record.policy.number,
        "text": None if record.policy is None else record.policy.text,
        "terms": {
            "cancel": _terms(cancel, zone),
            "reschedule": _terms(reschedule, zone),
            "change_format": _terms(change_format, zone),
        },
        "rebook": _rebook(rules_of(record.policy).rebook),
        "free_targets": _free_terms(record, zone),
        "allowance": present_allowance_terms(rules_of(record.policy).allowance),
    }


def _free_terms(record: SessionRecord, zone: ZoneInfo) -> decision_schemas.FreeTermsView | None:
    """Present the terms of moves to free targets; null if the policy has no such targets."""
    policy, facts = rules_of(record.policy), record.facts
    starts = free_targets(policy, Action.RESCHEDULE, facts)
    if starts is None:
        return None
    return {
        "from": from_seconds(starts.start).astimezone(zone),
        "before": from_seconds(starts.end).astimezone(zone),
        "terms": _terms(terms(policy, Action.RESCHEDULE, facts, to_free_target=True), zone),
    }


def _rebook(rule: RebookRule | None) -> decision_schemas.RebookView | None:
    if rule is None:
        return None
    return {"days": rule.days, "fee": "credited" if rule.credited else "stands"}


def present_decision(
    decision: Decision,
    record: SessionRecord,
    zone: ZoneInfo,
    quotes: Quotes | None,
    now: datetime,
    texts: Texts,
) -> decision_schemas.DecisionView:
    """Present a decision, with a signed quote if the action is allowed.

    Without `quotes` there is no quote: one quote is for several sessions.
    """
    quote = expires_at = fee = credit = carries = None
    if decision.cost is not None:
        fee, credit = present_money(decision.cost.fee), decision.cost.credit
        carries = present_carried(decision.cost.carries)
    if decision.cost is not None and quotes is not None:
        expires_at = quotes.expiry(now, record.held_until)
        about = record.practice_id, record.id, record.version, decision.action
        quote = quotes.sign(Quote(*about, expires_at, decision.promised))
    refusal = decision.refusal
    return {
        "allowed": decision.allowed,
        "fee": fee,
        "free_because": decision.free_because,
        "forgiven_if_refilled": decision.forgiven_if_refilled,
        "release": _present_release_choice(decision, record, now),
        "reasons": _reasons(decision, record, now, texts),
        "credit": credit,
        "carries": carries,
        "free_until": present_instant(decision.free_until, zone),
        "closes_at": present_instant(decision.closes_at, zone),
        "free_targets": _free_targets(decision.free_targets, zone),
        "allowance": present_allowance(
            decision.allowance, zone, _reasons(decision.without_allowance, record, now, texts)
        ),
        "quote": quote,
        "quote_expires_at": present_instant(expires_at, zone),
        "refusal": None
        if refusal is None
        else {
            "code": refusal.code,
            "message": refusal_text(refusal.code, refusal.contact.name, texts),
            "deadline": present_instant(refusal.deadline, zone),
            "contact": present_contact(refusal.contact),
        },
    }


def present_cancel_after(after: CancelAfter, zone: tzinfo) -> decision_schemas.CancelAfterView:
    """Present what cancelling costs right after a change."""
    cost = after.cost
    return {
        "allowed": cost is not None,
        "fee": None if cost is None else present_money(cost.fee),
        "credit": None if cost is None else cost.credit,
        "free_until": present_instant(after.free_until, zone),
        "uses_allowance": after.uses_allowance,
    }


def _reasons(
    decision: Decision, record: SessionRecord, now: datetime, texts: Texts
) -> list[ReasonChoiceView] | None:
    choices = reason_choices(rules_of(record.policy), decision, record.facts, now)
    if choices is None:
        return None
    return [
        {
            "code": choice.reason.code,
            "label": label_of(choice.reason, texts),
            "effect": choice.effect,
            "fee": present_money(choice.cost.fee),
            "credit": choice.cost.credit,
            "carries": present_carried(choice.cost.carries),
        }
        for choice in choices
    ]


def _free_targets(
    targets: FreeTargets | None, zone: ZoneInfo
) -> decision_schemas.FreeTargetsView | None:
    if targets is None:
        return None
    return {
        "from": from_seconds(targets.starts.start).astimezone(zone),
        "before": from_seconds(targets.starts.end).astimezone(zone),
        "carries": present_carried(targets.cost.carries),
    }


def _present_release_choice(
    decision: Decision, record: SessionRecord, now: datetime
) -> decision_schemas.ReleaseChoiceView | None:
    if decision.action is not Action.CANCEL:
        return None
    choice = _release_choice(decision, record, now)
    return None if choice is None else {"available": choice.available, "waiting": choice.waiting}


def _release_choice(cancel: Decision, record: SessionRecord, now: datetime) -> ReleaseChoice | None:
    return release_choice(
        rules_of(record.policy),
        cancel,
        record.facts,
        now,
        has_waitlist=record.has_waitlist,
        waiting=record.is_waited_for,
    )


def present_ways_out(
    decisions: Sequence[Decision], record: SessionRecord, now: datetime
) -> list[decision_schemas.WayOutView]:
    """Present what the client can do now, cheapest first."""
    cancel = next(one for one in decisions if one.action is Action.CANCEL)
    choice = _release_choice(cancel, record, now)
    can_release = choice is not None and choice.available
    is_released = live_release(record.release_until, now) is not None
    credit = Credit.RETURNED if record.facts.paid_by_credit else None
    own = (record.format, record.location)
    ways = ways_out(
        decisions,
        record.price,
        has_other_format=any((one.kind, one.location) != own for one in record.formats),
        release=Cost(None, credit) if can_release and not is_released else None,
    )
    return [
        {
            "way": one.way,
            "fee": present_money(one.cost.fee),
            "credit": one.cost.credit,
            "carries": present_carried(one.cost.carries),
            "to_free_targets": one.to_free_targets,
            "uses_allowance": one.uses_allowance,
        }
        for one in ways
    ]


def present_release(
    record: SessionRecord, zone: ZoneInfo, now: datetime
) -> decision_schemas.ReleaseView | None:
    """Present until when the session's time is given up if somebody takes it, or null."""
    until = live_release(record.release_until, now)
    return None if until is None else {"until": until.astimezone(zone)}


def present_undo(
    until: datetime | None, zone: ZoneInfo, now: datetime
) -> decision_schemas.UndoView:
    """Present whether the client may take back their last change."""
    return {"allowed": may_undo(until, now), "until": present_instant(until, zone)}


def present_confirm(record: SessionRecord, now: datetime) -> decision_schemas.ConfirmView:
    """Present whether the client may say that they are coming, and has not said so."""
    code = why_not_confirm(record.facts, now, is_absent=record.absence is not None)
    return {"allowed": code is None and record.confirmed_at is None}


def present_wish_choice(record: SessionRecord, now: datetime) -> decision_schemas.WishChoiceView:
    """Present whether the client may wish for an earlier time."""
    return {"allowed": may_wish(record.facts, now, has_waitlist=record.has_waitlist)}


def _terms(timeline: Sequence[Term], zone: ZoneInfo) -> list[decision_schemas.TermView]:
    return [
        {
            "until": term.until.astimezone(zone),
            "fee": present_money(term.cost.fee),
            "credit": term.cost.credit,
            "carries": present_carried(term.cost.carries),
        }
        for term in timeline
    ]
