"""Examples of answers to clients, all for the same client and the same session.

The time is 25 November 2026, 10:15 UTC. The client, Ana Ruiz, lives in New York; the practitioner
works in Denver. The policy: free until 24 hours before the start, then 45 dollars, and closed from
2 hours before the start. A test checks every example against its schema.
"""

from app.operations.openapi.examples.records import (
    CONTACT,
    FEE,
    IDS,
    LOCATION,
    PACKAGE,
    SERVICE,
    WHO,
)

_SESSION_ID = IDS["session"]
_ZONE = "America/New_York"
_QUOTE_EXPIRES_AT = "2026-11-25T05:25:00-05:00"


def _quote(action: str) -> str:
    """Return a text in the format of a quote: a payload, a dot and 64 characters of signature."""
    return f"WyJxdW90ZSIsI{action.replace('_', '-')}Il0.{'Q0m7vX2s' * 8}"


def _tokens(number: str) -> dict[str, object]:
    """Return the tokens of a client who signed in today."""
    return {
        "access_token": f"WyIzZjBjN2YyZThhMWI0YzZkOWUzZjBhMWIyYzNkNGU1ZiJd.{'Kd2mX7pw' * 8}",
        "token_type": "Bearer",
        "expires_in": 3600,
        "refresh_token": f"WyIzZjBjN2YyZSIs{number}0.{'Tb5nQ9rc' * 8}",
        "refresh_expires_at": "2027-02-23T05:15:00-05:00",
        **WHO,
    }


_NO_COST = dict.fromkeys(
    ("fee", "free_because", "release", "reasons", "carries", "free_targets", "allowance")
)
_NO_COST["forgiven_if_refilled"] = False


def allowed(action: str, credit: str, free_until: str, closes_at: str) -> dict[str, object]:
    """Return a decision that allows an action free of charge."""
    return {
        "allowed": True,
        **_NO_COST,
        "credit": credit,
        "free_until": free_until,
        "closes_at": closes_at,
        "quote": _quote(action),
        "quote_expires_at": _QUOTE_EXPIRES_AT,
        "refusal": None,
    }


_REFUSALS = {
    "notice-too-short": "It is too close to the session to do this online. Please contact "
    "Dr. Maya Chen.",
    "session-not-booked": "This session is no longer booked, so it cannot be changed.",
    "cancellation-open": "You can still cancel this session online.",
}


def refused(
    free_until: str | None,
    closes_at: str,
    code: str = "session-not-booked",
    *,
    deadline: str | None = None,
) -> dict[str, object]:
    """Return a decision that refuses an action."""
    return {
        "allowed": False,
        **_NO_COST,
        "credit": None,
        "free_until": free_until,
        "closes_at": closes_at,
        "quote": None,
        "quote_expires_at": None,
        "refusal": {
            "code": code,
            "message": _REFUSALS[code],
            "deadline": deadline,
            "contact": CONTACT,
        },
    }


def way(way: str, credit: str) -> dict[str, object]:
    """Return a way out that costs nothing."""
    return {
        "way": way,
        "fee": None,
        "credit": credit,
        "carries": None,
        "to_free_targets": False,
        "uses_allowance": False,
    }


def said_now(
    *, undo_until: str | None, can_confirm: bool, is_booked: bool = True
) -> dict[str, object]:
    """Return what can be taken back, said and wished for."""
    undo = {"allowed": undo_until is not None, "until": undo_until}
    return {
        "undo": undo,
        "confirm": {"allowed": can_confirm},
        "wish": {"allowed": is_booked},
    }


def _terms(credit: str, free_until: str, closes_at: str) -> list[dict[str, object]]:
    return [
        {"until": free_until, "fee": None, "credit": credit, "carries": None},
        {"until": closes_at, "fee": FEE, "credit": credit, "carries": None},
    ]


def _summary(day: str, *, version: int) -> dict[str, object]:
    """Return the session on a day of December, from 15:00 to 15:50 in New York."""
    return {
        "id": _SESSION_ID,
        "status": "booked",
        "version": version,
        "starts_at": f"{day}T15:00:00-05:00",
        "ends_at": f"{day}T15:50:00-05:00",
        "starts_at_utc": f"{day}T20:00:00Z",
        "ends_at_utc": f"{day}T20:50:00Z",
        "time_zone": _ZONE,
        "service": {**SERVICE, "duration_minutes": 50},
        "practitioner": {
            "photo_url": None,
            "id": IDS["practitioner"],
            "name": "Dr. Maya Chen",
            "time_zone": "America/Denver",
            "contact": CONTACT,
        },
        "format": {
            "kind": "video",
            "join_url": "https://video.example/maya",
            "location": None,
            "instructions": None,
        },
        "price": {"amount_minor": 12000, "currency": "USD", "decimals": 2},
        "package": {**PACKAGE, "credits_left": 2},
        "cancellation": None,
        "group": None,
        "series": None,
        "absence": None,
        "confirmed_at": None,
    }


def details(day: str, day_before: str, *, version: int) -> dict[str, object]:
    """Return the whole session, with deadlines 24 and 2 hours before the start."""
    free_until, closes_at = f"{day_before}T15:00:00-05:00", f"{day}T13:00:00-05:00"
    start = f"{day}T15:00:00-05:00"
    return {
        **_summary(day, version=version),
        "formats": [
            {"kind": "in_person", "location": LOCATION},
            {"kind": "phone", "location": None},
            {"kind": "video", "location": None},
        ],
        "policy": {
            "version": 2,
            "text": "Plans change. Please tell me a day ahead, so that I can offer your time to "
            "somebody who is waiting.",
            "terms": {
                "cancel": _terms("returned", free_until, closes_at),
                "reschedule": _terms("kept", free_until, closes_at),
                "change_format": [{"until": start, "fee": None, "credit": "kept", "carries": None}],
            },
            "rebook": {"days": 30, "fee": "credited"},
            "free_targets": None,
            "allowance": None,
        },
        "actions": {
            "cancel": allowed("cancel", "returned", free_until, closes_at),
            "reschedule": allowed("reschedule", "kept", free_until, closes_at),
            "change_format": allowed("change_format", "kept", start, start),
            "absence": refused(None, start, "cancellation-open"),
            **said_now(undo_until=None, can_confirm=True),
        },
        "ways_out": [
            way("change_format", "kept"),
            way("reschedule", "kept"),
            way("cancel", "returned"),
        ],
        "release": None,
        "move_request": None,
        "fees": [],
    }


def _moment(day: str, kind: str) -> dict[str, object]:
    return {
        "starts_at": f"{day}T15:00:00-05:00",
        "ends_at": f"{day}T15:50:00-05:00",
        "format": kind,
        "location_id": LOCATION["id"] if kind == "in_person" else None,
    }


def _slot(day: str, start: str, end: str) -> dict[str, object]:
    return {
        "start": f"{day}T{start}:00-05:00",
        "end": f"{day}T{end}:00-05:00",
        "location_id": None,
    }


def page(*items: object) -> dict[str, object]:
    """Return the last page of a list."""
    return {"items": list(items), "next_cursor": None}


_HISTORY = page(
    {
        "id": "1f6a2c9d-3b70-4f0e-8a55-2f6f0b8d9c01",
        "kind": "booked",
        "at": "2026-11-02T11:20:00-05:00",
        "by": "practice",
        "reason": None,
        "before": None,
        "after": _moment("2026-12-01", "in_person"),
        "fee": None,
        "credit": None,
        "free_because": None,
        "version": 1,
        "command_id": "1f6a2c9d-3b70-4f0e-8a55-2f6f0b8d9c01",
    },
    {
        "id": "2a7b3d0e-4c81-4a1f-9b66-3a7a1c9e0d12",
        "kind": "rescheduled",
        "at": "2026-11-16T08:05:00-05:00",
        "by": "client",
        "reason": {"code": "family", "note": "My son has a school play that afternoon."},
        "before": _moment("2026-12-01", "in_person"),
        "after": _moment("2026-12-03", "in_person"),
        "fee": None,
        "credit": "kept",
        "free_because": None,
        "version": 2,
        "command_id": "2a7b3d0e-4c81-4a1f-9b66-3a7a1c9e0d12",
    },
    {
        "id": "3b8c4e1f-5d92-4b20-8c77-4b8b2d0f1e23",
        "kind": "format_changed",
        "at": "2026-11-20T18:40:00-05:00",
        "by": "client",
        "reason": {"code": "transport", "note": "The car is at the garage, video suits me."},
        "before": _moment("2026-12-03", "in_person"),
        "after": _moment("2026-12-03", "video"),
        "fee": None,
        "credit": "kept",
        "free_because": None,
        "version": 3,
        "command_id": "3b8c4e1f-5d92-4b20-8c77-4b8b2d0f1e23",
    },
)

SESSION = details("2026-12-03", "2026-12-02", version=3)

SCOPE = {
    "action": "cancel",
    "scope": "this_and_following",
    "allowed": True,
    "sessions": [
        {
            "session_id": _SESSION_ID,
            "starts_at": "2026-12-03T15:00:00-05:00",
            "ends_at": "2026-12-03T15:50:00-05:00",
            "time_zone": _ZONE,
            "new_starts_at": None,
            "decision": {
                **allowed(
                    "cancel", "returned", "2026-12-02T15:00:00-05:00", "2026-12-03T13:00:00-05:00"
                ),
                "quote": None,
                "quote_expires_at": None,
            },
        }
    ],
    "staying": [
        {
            "session_id": IDS["later_session"],
            "starts_at": "2026-12-11T09:00:00-05:00",
            "why": "moved",
        }
    ],
    "conflicts": [],
    "fee": None,
    "credits_forfeited": 0,
    "quote": _quote("cancel_scope"),
    "quote_expires_at": _QUOTE_EXPIRES_AT,
}

EXAMPLES: dict[str, object] = {
    "list_own_sessions": page(_summary("2026-12-03", version=3)),
    "get_session": SESSION,
    "put_hold": {
        "start": "2026-12-08T15:00:00-05:00",
        "end": "2026-12-08T15:50:00-05:00",
        "format": "video",
        "location_id": None,
        "group_id": None,
        "expires_at": "2026-11-24T10:05:00-05:00",
        "cancel_after": {
            "allowed": True,
            "fee": None,
            "credit": "returned",
            "free_until": "2026-12-07T15:00:00-05:00",
            "uses_allowance": False,
        },
    },
    "get_session_scope": SCOPE,
    "list_session_changes": _HISTORY,
    "get_availability": {
        "session_id": _SESSION_ID,
        "format": "video",
        "time_zone": _ZONE,
        "from": "2026-12-01",
        "to": "2026-12-31",
        "days": [
            {
                "date": "2026-12-03",
                "slots": [
                    _slot("2026-12-03", "11:30", "12:20"),
                    _slot("2026-12-03", "16:00", "16:50"),
                ],
            },
            {"date": "2026-12-08", "slots": [_slot("2026-12-08", "15:00", "15:50")]},
        ],
        "empty_reason": None,
        "next_available": None,
    },
    "get_me": {**WHO, "session_id": None},
    "list_own_packages": page(
        {
            **PACKAGE,
            "service": SERVICE,
            "credits": 6,
            "credits_left": 2,
            "expires_at": "2027-06-30T23:59:59-04:00",
            "usable_until": None,
        }
    ),
    "create_tokens": _tokens("MV"),
    "refresh_tokens": _tokens("Ml"),
    "open_email_link": {
        "access_token": f"WyIzZjBjN2YyZThhMWI0YzZkOWUzZjBhMWIyYzNkNGU1ZiJd.{'Zr4kT9bn' * 8}",
        "token_type": "Bearer",
        "expires_in": 1800,
        "session": SESSION,
        "practice": WHO["practice"],
    },
    "get_health": {"status": "ok"},
    "get_readiness": {"status": "ok"},
}
