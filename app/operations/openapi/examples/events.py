"""Examples of events, with the same data as client.py. Times are in UTC."""

from app.operations.openapi.examples.records import FEE, IDS


def _event(event: str, **said: object) -> dict[str, object]:
    """Return an event of the session on 3 December."""
    return {
        "type": event,
        "timestamp": "2026-11-25T10:15:00Z",
        "data": {
            "session_id": IDS["session"],
            "session_external_ref": "visit-20261203-7",
            "version": 4,
            "status": "booked",
            "service_id": IDS["service"],
            "service_external_ref": "svc-50",
            "practitioner_id": IDS["practitioner"],
            "practitioner_external_ref": None,
            "client_id": IDS["client"],
            "client_external_ref": "crm-1042",
            "location_id": None,
            "location_external_ref": None,
            "starts_at": "2026-12-03T20:00:00Z",
            "ends_at": "2026-12-03T20:50:00Z",
            "old_starts_at": None,
            "old_ends_at": None,
            "format": "video",
            "old_format": None,
            "old_location_id": None,
            "change_id": IDS["change"],
            "command_id": IDS["command"],
            "by": "practice",
            "reason_code": None,
            "confirmed_at": None,
            "fee": None,
            "credit": None,
            "free_because": None,
            **said,
        },
    }


def _event_fee(status: str, waiver: str | None = None) -> dict[str, object]:
    collect_after = "2026-11-25T10:20:00Z" if waiver is None else "2026-12-02T10:15:00Z"
    fee = {"id": IDS["fee"], **FEE, "status": status}
    return {**fee, "collect_after": collect_after, "waiver": waiver}


def _group_event(event: str, **said: object) -> dict[str, object]:
    """Return an event of the class on 3 December."""
    return {
        "type": event,
        "timestamp": "2026-11-25T10:15:00Z",
        "data": {
            "group_id": IDS["group"],
            "group_external_ref": "class-20261203-18",
            "version": 3,
            "status": "scheduled",
            "service_id": IDS["service"],
            "service_external_ref": "svc-yoga",
            "practitioner_id": IDS["practitioner"],
            "practitioner_external_ref": None,
            "location_id": IDS["location"],
            "location_external_ref": None,
            "starts_at": "2026-12-04T01:00:00Z",
            "ends_at": "2026-12-04T01:50:00Z",
            "old_starts_at": None,
            "old_ends_at": None,
            "format": "in_person",
            "old_format": None,
            "old_location_id": None,
            "seats": 8,
            "seats_taken": 5,
            "min_seats": 3,
            "change_id": IDS["change"],
            "command_id": IDS["command"],
            "by": "practice",
            "reason_code": None,
            **said,
        },
    }


def _offer_event(event: str, state: str, by: str) -> dict[str, object]:
    """Return an event of the offer to come two days sooner."""
    return {
        "type": event,
        "timestamp": "2026-11-25T10:15:00Z",
        "data": {
            "offer_id": IDS["offer"],
            "wish_id": IDS["wish"],
            "state": state,
            "session_id": IDS["session"],
            "session_external_ref": "visit-20261203-7",
            "service_id": IDS["service"],
            "service_external_ref": "svc-50",
            "practitioner_id": IDS["practitioner"],
            "practitioner_external_ref": None,
            "client_id": IDS["client"],
            "client_external_ref": "crm-1042",
            "group_id": None,
            "location_id": None,
            "location_external_ref": None,
            "starts_at": "2026-12-01T20:00:00Z",
            "ends_at": "2026-12-01T20:50:00Z",
            "old_starts_at": "2026-12-03T20:00:00Z",
            "format": "video",
            "answer_by": "2026-11-25T11:15:00Z",
            "change_id": IDS["change"],
            "command_id": IDS["command"],
            "by": by,
        },
    }


_CANCELLED_BY_CLIENT = {"status": "cancelled", "by": "client", "reason_code": "unwell"}

EVENT_EXAMPLES: dict[str, object] = {
    "session.booked": _event("session.booked", version=1),
    "session.rescheduled": _event(
        "session.rescheduled",
        by="client",
        reason_code="work",
        old_starts_at="2026-12-01T20:00:00Z",
        old_ends_at="2026-12-01T20:50:00Z",
        old_format="video",
    ),
    "session.cancelled": _event("session.cancelled", **_CANCELLED_BY_CLIENT),
    "session.fulfilled": _event("session.fulfilled", status="fulfilled"),
    "session.noshow": _event("session.noshow", status="noshow"),
    "session.restored": _event("session.restored", version=5),
    "session.absence_announced": _event(
        "session.absence_announced", by="client", reason_code="unwell"
    ),
    "session.confirmed": _event(
        "session.confirmed", by="client", confirmed_at="2026-11-25T10:15:00Z"
    ),
    "fee.recorded": _event("fee.recorded", **_CANCELLED_BY_CLIENT, fee=_event_fee("due")),
    "fee.collectable": _event("fee.collectable", status="cancelled", fee=_event_fee("due")),
    "fee.forgiven": _event("fee.forgiven", status="cancelled", fee=_event_fee("forgiven")),
    "fee.refundable": _event("fee.refundable", status="cancelled", fee=_event_fee("settled")),
    "fee.waived": _event("fee.waived", status="cancelled", fee=_event_fee("waived")),
    "fee.settled": _event("fee.settled", status="cancelled", fee=_event_fee("settled")),
    "fee.waiver_asked": _event(
        "fee.waiver_asked", status="cancelled", by="client", fee=_event_fee("due", "asked")
    ),
    "fee.waiver_declined": _event(
        "fee.waiver_declined", status="cancelled", fee=_event_fee("due", "declined")
    ),
    "fee.waiver_lapsed": _event(
        "fee.waiver_lapsed", status="cancelled", fee=_event_fee("due", "lapsed")
    ),
    "session.credit_returned": _event(
        "session.credit_returned", status="cancelled", credit="returned"
    ),
    "session.allowance_returned": _event("session.allowance_returned", status="cancelled"),
    "group.below_minimum": _group_event("group.below_minimum", seats_taken=2, by="system"),
    "group.cancelled": _group_event("group.cancelled", status="cancelled", seats_taken=0),
    "group.moved": _group_event(
        "group.moved",
        old_starts_at="2026-12-03T01:00:00Z",
        old_ends_at="2026-12-03T01:50:00Z",
        old_format="in_person",
        old_location_id=IDS["location"],
    ),
    "offer.accepted": _offer_event("offer.accepted", "accepted", "client"),
    "offer.declined": _offer_event("offer.declined", "declined", "client"),
    "offer.expired": _offer_event("offer.expired", "expired", "system"),
    "offer.made": _offer_event("offer.made", "open", "system"),
    "move_request.answered": {
        "type": "move_request.answered",
        "timestamp": "2026-11-25T10:15:00Z",
        "data": {
            "move_request_id": IDS["move_request"],
            "session_id": IDS["session"],
            "session_external_ref": "visit-20261203-7",
            "version": 4,
            "state": "moved",
            "practitioner_id": IDS["practitioner"],
            "practitioner_external_ref": None,
            "client_id": IDS["client"],
            "client_external_ref": "crm-1042",
            "starts_at": "2026-12-03T20:00:00Z",
            "ends_at": "2026-12-03T20:50:00Z",
            "old_starts_at": "2026-12-01T20:00:00Z",
            "old_ends_at": "2026-12-01T20:50:00Z",
            "change_id": IDS["change"],
            "command_id": IDS["command"],
        },
    },
}
