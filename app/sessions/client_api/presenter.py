"""Present session records and decisions, with times in the viewer's zone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID
from zoneinfo import ZoneInfo

from app.audit.write import BY_CLIENT
from app.domain.policy.decide import Decision, Term, decide, terms
from app.domain.policy.free import is_asked
from app.domain.policy.rules import Action, Credit
from app.domain.quotes import Quote
from app.domain.session import Carried, ChangedBy, Format, ReasonCode
from app.identity.api_keys.keys import Scope
from app.identity.client_dependencies import Call
from app.identity.tokens.access import Caller
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.client_api import schemas
from app.sessions.client_api.request_schemas import MoveRequestOfSession
from app.sessions.commands.orders import Effect, Outcome
from app.sessions.read.history_queries import ChangeRecord
from app.sessions.read.records import (
    Cancellation,
    SeriesPlace,
    SessionGroup,
    SessionLocation,
    SessionRecord,
    SessionSummaryRecord,
)
from app.texts.catalogue import Texts
from app.texts.refusals import refusal_text
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page
from app.web.views import (
    Moment,
    ReasonView,
    present_amount,
    present_contact,
    present_money,
)

_MINUTE = timedelta(minutes=1)


class ReasonVisibility(Enum):
    """Which reasons a viewer sees (product.md section 10, "Reasons").

    An API key with `read` sees neither codes nor notes; one with `write` sees both. The holder of a
    link sees codes. A signed-in client sees codes and the client's own notes.
    """

    HIDDEN = "hidden"
    CODES = "codes"
    OWN_NOTES = "own_notes"
    ALL_NOTES = "all_notes"

    def visible_part(self, actor: str, code: ReasonCode | None, note: str | None) -> ReasonView:
        """Give the parts of a reason by `actor` that the viewer sees."""
        shows_note = self is ReasonVisibility.ALL_NOTES or (
            self is ReasonVisibility.OWN_NOTES and side_of(actor) == "client"
        )
        return ReasonView(
            code=None if self is ReasonVisibility.HIDDEN else code,
            note=note if shows_note else None,
        )


def reasons_for_staff(scope: Scope) -> ReasonVisibility:
    """Give the reasons that an API key with this scope sees."""
    return ReasonVisibility.ALL_NOTES if scope.allows(Scope.WRITE) else ReasonVisibility.HIDDEN


def present_own_sessions(
    page: Page[SessionSummaryRecord], zone: ZoneInfo | None
) -> schemas.SessionPage:
    """Present a page of a client's sessions, by default in the client's time zone."""
    return {
        "items": [
            present_summary(record, zone or record.client_zone, reasons=ReasonVisibility.OWN_NOTES)
            for record in page.rows
        ],
        "next_cursor": page.next_cursor,
    }


def present_summary(
    record: SessionSummaryRecord, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.SessionSummary:
    """Present the fields that all views of a session share."""
    package = record.package
    return {
        "id": record.id,
        "status": record.status,
        "version": record.version,
        "starts_at": record.starts_at.astimezone(zone),
        "ends_at": record.ends_at.astimezone(zone),
        "starts_at_utc": record.starts_at,
        "ends_at_utc": record.ends_at,
        "time_zone": zone.key,
        "service": {
            "id": record.service_id,
            "name": record.service_name,
            "duration_minutes": (record.ends_at - record.starts_at) // _MINUTE,
        },
        "practitioner": {
            "id": record.practitioner_id,
            "name": record.practitioner_name,
            "time_zone": record.practitioner_zone.key,
            "contact": present_contact(record.contact),
        },
        "format": {
            "kind": record.format,
            "join_url": record.join_url,
            "location": present_location(record.location),
            "instructions": record.instructions,
        },
        "price": present_amount(record.price),
        "package": None
        if package is None
        else {"id": package.id, "name": package.name, "credits_left": package.credits_left},
        "cancellation": None
        if record.cancellation is None
        else _cancellation(record.cancellation, zone, reasons=reasons),
        "group": None if record.group is None else _group(record.group),
        "series": _series(record.series),
    }


def present_details(
    record: SessionRecord,
    zone: ZoneInfo,
    quotes: Quotes,
    now: datetime,
    *,
    reasons: ReasonVisibility,
    texts: Texts,
) -> schemas.SessionDetails:
    """Present all details of a session, with a decision and a quote for each action."""
    policy, facts = rules_of(record.policy), record.facts

    cancel = decide(policy, Action.CANCEL, facts, now)
    reschedule = decide(policy, Action.RESCHEDULE, facts, now)
    change_format = decide(policy, Action.CHANGE_FORMAT, facts, now)
    return {
        **present_summary(record, zone, reasons=reasons),
        "formats": [
            {"kind": choice.kind, "location": present_location(choice.location)}
            for choice in ([record.own_format] if record.group else record.formats)
        ],
        "policy": _policy(
            record, zone, cancel.timeline, reschedule.timeline, change_format.timeline
        ),
        "actions": {
            "cancel": present_decision(cancel, record, zone, quotes, now, texts),
            "reschedule": present_decision(reschedule, record, zone, quotes, now, texts),
            "change_format": present_decision(change_format, record, zone, quotes, now, texts),
        },
        "move_request": _move_request(record, zone, now),
    }


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
    }


def present_decision(
    decision: Decision,
    record: SessionRecord,
    zone: ZoneInfo,
    quotes: Quotes | None,
    now: datetime,
    texts: Texts,
) -> schemas.DecisionView:
    """Present a decision, with a signed quote if the action is allowed.

    Without `quotes` there is no quote: one quote is for several sessions.
    """
    quote = expires_at = fee = credit = carries = None
    if decision.cost is not None:
        fee, credit = present_money(decision.cost.fee), decision.cost.credit
        carries = present_carried(decision.cost.carries)
    if decision.cost is not None and quotes is not None:
        expires_at = (now + quotes.lifetime).replace(microsecond=0)
        quote = quotes.sign(
            Quote(
                record.practice_id,
                record.id,
                record.version,
                decision.action,
                expires_at,
                decision.cost,
            )
        )
    refusal = decision.refusal
    return {
        "allowed": decision.allowed,
        "fee": fee,
        "free_because": decision.free_because,
        "credit": credit,
        "carries": carries,
        "free_until": _in(decision.free_until, zone),
        "closes_at": _in(decision.closes_at, zone),
        "quote": quote,
        "quote_expires_at": _in(expires_at, zone),
        "refusal": None
        if refusal is None
        else {
            "code": refusal.code,
            "message": refusal_text(refusal.code, refusal.contact.name, texts),
            "deadline": _in(refusal.deadline, zone),
            "contact": present_contact(refusal.contact),
        },
    }


def present_outcome(
    record: SessionRecord,
    effect: Effect,
    quotes: Quotes,
    now: datetime,
    *,
    reasons: ReasonVisibility,
    texts: Texts,
) -> schemas.CommandAnswer:
    """Present the result of a command."""
    return schemas.CommandAnswer(
        session=present_details(
            record, record.client_zone, quotes, now, reasons=reasons, texts=texts
        ),
        fee=present_money(effect.cost.fee),
        credit=effect.cost.credit,
        command_id=effect.command_id,
        sessions=None,
    )


def present_change(
    change: ChangeRecord, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.ChangeView:
    """Present an entry of the history."""
    before = None
    old_start, old_end, old_format = change.old_starts_at, change.old_ends_at, change.old_format
    if old_start is not None and old_end is not None and old_format is not None:
        before = _moment(old_start, old_end, old_format, change.old_location_id, zone)
    return schemas.ChangeView(
        id=change.id,
        kind=change.kind,
        at=change.at.astimezone(zone),
        by=side_of(change.actor),
        reason=None
        if change.reason_code is None and change.note is None
        else reasons.visible_part(change.actor, change.reason_code, change.note),
        before=before,
        after=_moment(change.starts_at, change.ends_at, change.format, change.location_id, zone),
        fee=present_money(change.fee),
        credit=change.credit,
        version=change.version,
        command_id=change.command_id,
    )


def present_carried(carried: Carried | None) -> schemas.CarriedView | None:
    """Present the minimum cost of a later cancellation, or null."""
    if carried is None:
        return None
    return {
        "fee": present_money(carried.fee),
        "credit": Credit.FORFEITED if carried.forfeits_credit else None,
    }


def _cancellation(
    cancellation: Cancellation, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.CancellationView:
    return schemas.CancellationView(
        at=cancellation.at.astimezone(zone),
        by=side_of(cancellation.by),
        reason=reasons.visible_part(cancellation.by, cancellation.reason_code, cancellation.note),
    )


def _group(group: SessionGroup) -> schemas.SessionGroupView:
    return {"id": group.id, "seats": group.seats, "seats_left": group.seats_left}


def _series(place: SeriesPlace | None) -> schemas.SeriesPlaceView | None:
    if place is None:
        return None
    return {"id": place.id, "position": place.position, "of": place.of}


def _move_request(
    record: SessionRecord, zone: ZoneInfo, now: datetime
) -> MoveRequestOfSession | None:
    """Present the open move request of a session, or null. It ends at the session's start."""
    asked, length = record.move_request, record.ends_at - record.starts_at
    if asked is None or not is_asked(record.facts, now) or now >= record.starts_at:
        return None
    return {
        "id": asked.id,
        "note": asked.note,
        "answer_by": asked.answer_by.astimezone(zone),
        "meanwhile": "cancel" if asked.is_cancelled else "keep",
        "proposals": [
            {
                "start": start.astimezone(zone),
                "end": (start + length).astimezone(zone),
                "location_id": record.location_id,
            }
            for start in asked.proposals
        ],
    }


def side_of(actor: str) -> ChangedBy:
    """Tell which side acted. A signed-in client and the holder of a link are both the client."""
    return "client" if actor in BY_CLIENT else "practice"


def present_location(location: SessionLocation | None) -> schemas.LocationView | None:
    """Present a location, or null."""
    if location is None:
        return None
    return schemas.LocationView(id=location.id, name=location.name, address=location.address)


def _terms(timeline: Sequence[Term], zone: ZoneInfo) -> list[schemas.TermView]:
    return [
        {
            "until": term.until.astimezone(zone),
            "fee": present_money(term.cost.fee),
            "credit": term.cost.credit,
            "carries": present_carried(term.cost.carries),
        }
        for term in timeline
    ]


def _in(instant: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if instant is None else instant.astimezone(zone)


def _moment(
    starts_at: datetime,
    ends_at: datetime,
    format_: Format,
    location_id: UUID | None,
    zone: ZoneInfo,
) -> Moment:
    return {
        "starts_at": starts_at.astimezone(zone),
        "ends_at": ends_at.astimezone(zone),
        "format": format_,
        "location_id": location_id,
    }


def command_answer(outcome: Outcome, call: Call) -> StoredAnswer:
    """Make the response to a command, to send and to store under its idempotency key."""
    shown = present_outcome(
        outcome.record,
        outcome.effect,
        call.quotes,
        call.now,
        reasons=reasons_for(call.caller),
        texts=call.texts,
    )
    return StoredAnswer(200, outcome.record.etag, as_json(shown), language=call.texts.language)


def reasons_for(caller: Caller) -> ReasonVisibility:
    """Give the reasons that a caller sees: with a link no notes, signed in the client's own."""
    return ReasonVisibility.CODES if caller.is_link else ReasonVisibility.OWN_NOTES
