"""Present session records and decisions, with times in the viewer's zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.domain.policy.decide import decide
from app.domain.policy.rules import Action
from app.identity.client_dependencies import Call
from app.identity.tokens.quote import Quotes
from app.policies.stored import rules_of
from app.sessions.client_api import schemas
from app.sessions.client_api.decision_presenter import (
    _policy,
    present_confirm,
    present_decision,
    present_release,
    present_undo,
    present_ways_out,
    present_wish_choice,
)
from app.sessions.client_api.reasons import ReasonVisibility, reasons_for, side_of
from app.sessions.client_api.request_presenter import present_move_request
from app.sessions.client_api.waiver_presenter import present_session_fee
from app.sessions.commands.orders import Effect, Outcome
from app.sessions.read.records import (
    Absence,
    Cancellation,
    SeriesPlace,
    SessionGroup,
    SessionLocation,
    SessionRecord,
    SessionSummaryRecord,
)
from app.texts.catalogue import Texts
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.pagination import Page
from app.web.views import (
    LocationView,
    present_amount,
    present_contact,
    present_money,
)

_MINUTE = timedelta(minutes=1)


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
            "photo_url": record.photo,
            "contact": present_contact(record.contact),
        },
        "format": {
            "kind": record.format,
            "join_url": record.join_url,
            "location": present_location(record.location, record.practitioner_zone),
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
        "absence": _absence(record.absence, zone, reasons=reasons),
        "confirmed_at": None
        if record.confirmed_at is None
        else record.confirmed_at.astimezone(zone),
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
    absence = decide(policy, Action.ABSENCE, facts, now)
    return {
        **present_summary(record, zone, reasons=reasons),
        "formats": [
            {
                "kind": choice.kind,
                "location": present_location(choice.location, record.practitioner_zone),
            }
            for choice in ([record.own_format] if record.group else record.formats)
        ],
        "policy": _policy(
            record, zone, cancel.timeline, reschedule.timeline, change_format.timeline
        ),
        "actions": {
            "cancel": present_decision(cancel, record, zone, quotes, now, texts),
            "reschedule": present_decision(reschedule, record, zone, quotes, now, texts),
            "change_format": present_decision(change_format, record, zone, quotes, now, texts),
            "absence": present_decision(absence, record, zone, quotes, now, texts),
            "undo": present_undo(record.undo_until, zone, now),
            "confirm": present_confirm(record, now),
            "wish": present_wish_choice(record, now),
        },
        "ways_out": present_ways_out((cancel, reschedule, change_format, absence), record, now),
        "release": present_release(record, zone, now),
        "move_request": present_move_request(record, zone, now),
        "fees": [present_session_fee(fee, zone, now) for fee in record.fees],
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


def _cancellation(
    cancellation: Cancellation, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.CancellationView:
    return schemas.CancellationView(
        at=cancellation.at.astimezone(zone),
        by=side_of(cancellation.by),
        reason=reasons.visible_part(cancellation.by, cancellation.reason_code, cancellation.note),
    )


def _absence(
    absence: Absence | None, zone: ZoneInfo, *, reasons: ReasonVisibility
) -> schemas.AbsenceView | None:
    if absence is None:
        return None
    return {
        "at": absence.at.astimezone(zone),
        "free_time": absence.frees_time,
        "reason": reasons.visible_part("client", absence.reason_code, absence.note),
    }


def _group(group: SessionGroup) -> schemas.SessionGroupView:
    return {"id": group.id, "seats": group.seats, "seats_left": group.seats_left}


def _series(place: SeriesPlace | None) -> schemas.SeriesPlaceView | None:
    if place is None:
        return None
    return {"id": place.id, "position": place.position, "of": place.of}


def present_location(
    location: SessionLocation | None, practitioner_zone: ZoneInfo
) -> LocationView | None:
    """Present a location, or null. Without a zone of its own it has that of the practitioner."""
    if location is None:
        return None
    return {
        "id": location.id,
        "name": location.name,
        "address": location.address,
        "time_zone": location.time_zone or practitioner_zone.key,
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
