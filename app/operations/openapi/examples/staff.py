"""Examples of answers to the practice's software, with the same data as client.py.

Times are in the practitioner's zone or in UTC.
"""

from collections.abc import Mapping

from app.operations.openapi.examples.client import page
from app.operations.openapi.examples.records import (
    CONTACT,
    FEE,
    IDS,
    LOCATION,
    PACKAGE,
    SERVICE,
    WHO,
)

_NOW_UTC = "2026-11-25T10:15:00Z"
_PRACTITIONER = {"id": IDS["practitioner"], "name": "Dr. Maya Chen"}
_CLIENT = {"id": IDS["client"], "name": "Ana Ruiz"}
_MOMENT = {
    "starts_at": "2026-12-03T20:00:00Z",
    "ends_at": "2026-12-03T20:50:00Z",
    "format": "video",
    "location_id": None,
}


def _terms(credit: str | None, free_until: str, closes_at: str) -> list[dict[str, object]]:
    return [
        {"until": free_until, "fee": None, "credit": credit, "carries": None},
        {"until": closes_at, "fee": FEE, "credit": credit, "carries": None},
    ]


def _summary(day: str, *, version: int) -> dict[str, object]:
    """Return the session on a day of December, from 13:00 to 13:50 in Denver."""
    return {
        "id": IDS["session"],
        "status": "booked",
        "version": version,
        "starts_at": f"{day}T13:00:00-07:00",
        "ends_at": f"{day}T13:50:00-07:00",
        "starts_at_utc": f"{day}T20:00:00Z",
        "ends_at_utc": f"{day}T20:50:00Z",
        "time_zone": "America/Denver",
        "service": {**SERVICE, "duration_minutes": 50},
        "practitioner": {
            **_PRACTITIONER,
            "time_zone": "America/Denver",
            "photo_url": None,
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
        "confirmed_at": "2026-12-01T09:12:00-07:00",
        "external_ref": "visit-20261203-7",
        "client": {
            **_CLIENT,
            "email": "ana@client.example",
            "phone": "+1 212 555 0188",
            "external_ref": "crm-1042",
        },
    }


def _session(
    day: str = "2026-12-03",
    day_before: str = "2026-12-02",
    *,
    version: int = 3,
    booked_for: str = "2026-12-01",
    moves: int = 1,
    by_package: bool = True,
) -> dict[str, object]:
    """Return the whole session, with deadlines 24 and 2 hours before the start."""
    free_until, closes_at = f"{day_before}T13:00:00-07:00", f"{day}T11:00:00-07:00"
    kept = "kept" if by_package else None
    summary = _summary(day, version=version)
    return {
        **(summary if by_package else summary | {"package": None}),
        "booked_starts_at": f"{booked_for}T13:00:00-07:00",
        "client_moves": moves,
        "carried": None,
        "policy": {
            "version": 2,
            "text": "Plans change. Please tell me a day ahead, so that I can offer your time to "
            "somebody who is waiting.",
            "terms": {
                "cancel": _terms("returned" if by_package else None, free_until, closes_at),
                "reschedule": _terms(kept, free_until, closes_at),
                "change_format": [
                    {
                        "until": f"{day}T13:00:00-07:00",
                        "fee": None,
                        "credit": kept,
                        "carries": None,
                    }
                ],
            },
            "rebook": {"days": 30, "fee": "credited"},
            "free_targets": None,
            "allowance": None,
        },
        "fees": [],
    }


def _done(
    session: Mapping[str, object], *, fee: object = None, credit: str | None = None
) -> dict[str, object]:
    return {
        "session": session,
        "fee": fee,
        "credit": credit,
        "command_id": IDS["command"],
        "sessions": None,
    }


def fee_example(status: str, **closed: object) -> dict[str, object]:
    """Return the fee of a session that was cancelled late."""
    return {
        "id": IDS["fee"],
        "session_id": IDS["session"],
        "amount": FEE,
        "status": status,
        "cause": "cancelled",
        "recorded_at": "2026-11-24T21:40:00Z",
        "collect_after": "2026-11-24T21:45:00Z",
        "closed_at": None,
        "waiver": None,
        "session": {
            "id": IDS["session"],
            "starts_at": "2026-11-25T14:00:00Z",
            "service": SERVICE,
            "practitioner": _PRACTITIONER,
        },
        **closed,
    }


def practice_fee_example(status: str, **closed: object) -> dict[str, object]:
    """Return that fee as staff see it."""
    return {**fee_example(status), "client": _CLIENT, "payment_reference": None, **closed}


_BOOKED = _session(version=1, booked_for="2026-12-03", moves=0, by_package=False)
_PUSHED = {
    **_BOOKED,
    "ends_at": "2026-12-03T14:20:00-07:00",
    "ends_at_utc": "2026-12-03T21:20:00Z",
    "service": {**SERVICE, "duration_minutes": 80},
    "price": {"amount_minor": 15000, "currency": "USD", "decimals": 2},
}
_CANCELLED = {
    **_session(version=4),
    "status": "cancelled",
    "package": {**PACKAGE, "credits_left": 3},
    "cancellation": {
        "at": "2026-11-25T03:15:00-07:00",
        "by": "practice",
        "reason": {"code": None, "note": "Dr. Chen is ill."},
    },
}

_GROUP = {
    "id": IDS["group"],
    "external_ref": "class-20261203-18",
    "status": "scheduled",
    "version": 2,
    "starts_at": "2026-12-03T18:00:00-07:00",
    "ends_at": "2026-12-03T18:50:00-07:00",
    "starts_at_utc": "2026-12-04T01:00:00Z",
    "ends_at_utc": "2026-12-04T01:50:00Z",
    "time_zone": "America/Denver",
    "service": {"id": IDS["service"], "name": "Yoga"},
    "practitioner": _PRACTITIONER,
    "format": {
        "kind": "in_person",
        "join_url": None,
        "location": LOCATION,
        "instructions": "Please bring a mat.",
    },
    "seats": 8,
    "seats_taken": 5,
    "seats_left": 3,
    "min_seats": 3,
    "decide_hours": 24,
    "auto_cancel": True,
    "decided_at": None,
}
_SERIES_DATES = [
    {
        **_summary("2026-12-03", version=1),
        "package": None,
        "external_ref": None,
        "series": {"id": IDS["series"], "position": 1, "of": 2},
    },
    {
        **_summary("2026-12-10", version=1),
        "id": IDS["later_session"],
        "package": None,
        "external_ref": None,
        "series": {"id": IDS["series"], "position": 2, "of": 2},
    },
]
_SERIES = {
    "id": IDS["series"],
    "client_id": IDS["client"],
    "time_zone": "America/Denver",
    "created_at": _NOW_UTC,
    "sessions": _SERIES_DATES,
}

_ASKED = {
    "session_id": IDS["session"],
    "client_id": IDS["client"],
    "client_name": "Ana Ruiz",
    "practitioner_id": IDS["practitioner"],
    "starts_at": "2026-12-03T20:00:00Z",
    "present_starts_at": "2026-12-03T20:00:00Z",
    "status": "booked",
    "state": "asked",
    "answered_at": None,
    "proposals": ["2026-12-08T20:00:00Z", "2026-12-09T15:00:00Z"],
}
_MOVE_REQUEST = {
    "id": IDS["move_request"],
    "note": "Dr. Chen is ill.",
    "answer_by": "2026-12-02T23:00:00Z",
    "meanwhile": "keep",
    "asked_at": _NOW_UTC,
    "withdrawn_at": None,
    "closed_at": None,
    "waiting": 1,
    "sessions": [_ASKED],
}

_FREE_TIMES = {
    "service_id": IDS["service"],
    "practitioner_id": IDS["practitioner"],
    "format": "video",
    "time_zone": "America/Denver",
    "from": "2026-12-01",
    "to": "2026-12-31",
    "as": "client",
    "days": [
        {
            "date": "2026-12-03",
            "slots": [
                {
                    "start": "2026-12-03T09:30:00-07:00",
                    "end": "2026-12-03T10:20:00-07:00",
                    "location_id": None,
                }
            ],
        }
    ],
    "empty_reason": None,
    "next_available": None,
}

STAFF_EXAMPLES: dict[str, object] = {
    "FreeTimesView": _FREE_TIMES,
    "MoveRequestView": _MOVE_REQUEST,
    "MoveRequestAnswer": {**_MOVE_REQUEST, "command_id": IDS["command"]},
    "withdraw_practice_move_request": {
        **_MOVE_REQUEST,
        "withdrawn_at": _NOW_UTC,
        "waiting": 0,
        "sessions": [{**_ASKED, "state": "withdrawn", "answered_at": _NOW_UTC}],
        "command_id": IDS["command"],
    },
    "MoveRequestPreview": {"preview": True, "sessions": [_ASKED]},
    "MoveRequestPage": page(_MOVE_REQUEST),
    "GroupView": _GROUP,
    "GroupCommandAnswer": {**_GROUP, "command_id": IDS["command"], "sessions": []},
    "cancel_practice_group": {
        **_GROUP,
        "status": "cancelled",
        "version": 3,
        "seats_taken": 0,
        "seats_left": 0,
        "command_id": IDS["command"],
        "sessions": [
            {
                "session_id": IDS["session"],
                "client_id": IDS["client"],
                "status": "cancelled",
                "credit": "returned",
            }
        ],
    },
    "GroupPage": page(_GROUP),
    "book_session": _done(_BOOKED),
    "list_practice_sessions": page(_summary("2026-12-03", version=3)),
    "PracticeSession": _session(),
    "SeriesAnswer": {
        "series": _SERIES,
        "dates": [
            {
                "session_id": date["id"],
                "starts_at": date["starts_at"],
                "ends_at": date["ends_at"],
            }
            for date in _SERIES_DATES
        ],
        "conflicts": [],
        "command_id": IDS["command"],
    },
    "SeriesView": _SERIES,
    "put_practice_session_by_ref": _done(_PUSHED),
    "cancel_practice_session": _done(_CANCELLED, credit="returned"),
    "reschedule_practice_session": _done(
        _session("2026-12-08", "2026-12-07", version=4, booked_for="2026-12-08"), credit="kept"
    ),
    "mark_session_fulfilled": _done(
        {**_session(version=4, by_package=False), "status": "fulfilled"},
    ),
    "mark_session_noshow": _done(
        {
            **_session(version=4, by_package=False),
            "status": "noshow",
            "fees": [{"id": IDS["fee"], "amount": FEE, "status": "due"}],
        },
        fee=FEE,
    ),
    "undo_session_end": _done(_session(version=5, by_package=False)),
    "list_own_fees": page(
        {
            **fee_example("due"),
            "recorded_at": "2026-11-24T16:40:00-05:00",
            "collect_after": "2026-11-24T16:45:00-05:00",
            "session": {
                "id": IDS["session"],
                "starts_at": "2026-11-25T09:00:00-05:00",
                "service": SERVICE,
                "practitioner": _PRACTITIONER,
            },
            "ask_waiver_until": "2026-12-01T16:40:00-05:00",
        }
    ),
    "list_practice_fees": page(practice_fee_example("due")),
    "get_fee": practice_fee_example("due"),
    "waive_fee": practice_fee_example(
        "waived", closed_at=_NOW_UTC, command_id=IDS["command"], warning=None
    ),
    "settle_fee": practice_fee_example(
        "settled",
        closed_at=_NOW_UTC,
        payment_reference="INV-2041",
        command_id=IDS["command"],
        warning=None,
    ),
    "get_calling_key": {
        "key": {"id": IDS["key"], "name": "Front desk", "scope": "write"},
        "practice": WHO["practice"],
    },
    "list_practice_changes": page(
        {
            "id": IDS["change"],
            "command_id": IDS["command"],
            "at": _NOW_UTC,
            "subject": "session",
            "subject_id": IDS["session"],
            "kind": "cancelled",
            "by": {
                "kind": "practice",
                "name": "Front desk",
                "key_id": IDS["key"],
                "origin": "192.0.2.17",
            },
            "session_id": IDS["session"],
            "session_version": 4,
            "reason": {"code": None, "note": "Dr. Chen is ill."},
            "before": _MOMENT,
            "after": _MOMENT,
            "fee": None,
            "credit": "returned",
            "details": None,
        }
    ),
}
