"""Examples of wishes and offers, with the same data as client.py."""

from app.operations.openapi.examples.records import IDS, PACKAGE, SERVICE, WHO

_ZONE = "America/New_York"
_AFTER = {
    "allowed": True,
    "fee": None,
    "credit": "returned",
    "free_until": "2026-11-30T15:00:00-05:00",
    "uses_allowance": False,
}
_OFFER = {
    "id": IDS["offer"],
    "state": "open",
    "session_id": IDS["session"],
    "service": SERVICE,
    "practitioner": {"id": IDS["practitioner"], "name": "Dr. Maya Chen"},
    "start": "2026-12-01T15:00:00-05:00",
    "end": "2026-12-01T15:50:00-05:00",
    "time_zone": _ZONE,
    "old_start": "2026-12-03T15:00:00-05:00",
    "format": "video",
    "location": None,
    "group_id": None,
    "price": None,
    "package": None,
    "held": True,
    "made_at": "2026-11-25T10:15:00-05:00",
    "answer_by": "2026-11-25T11:15:00-05:00",
    "cancel_after": _AFTER,
}
_IN_UTC = {
    "start": "2026-12-01T20:00:00Z",
    "end": "2026-12-01T20:50:00Z",
    "time_zone": "UTC",
    "old_start": "2026-12-03T20:00:00Z",
    "made_at": "2026-11-25T15:15:00Z",
    "answer_by": "2026-11-25T16:15:00Z",
    "cancel_after": {**_AFTER, "free_until": "2026-11-30T20:00:00Z"},
}
_CLIENT = {"id": IDS["client"], "name": "Ana Ruiz"}
_ENDED = {"wish_id": IDS["wish"], "client": _CLIENT, "ended_at": None}
_PRACTICE_OFFER = {**_OFFER, **_IN_UTC, **_ENDED}
_WISH = {
    "id": IDS["wish"],
    "session_id": IDS["session"],
    "state": "offered",
    "paused": False,
    "until": "2026-12-02T18:00:00-05:00",
    "weekdays": [1, 2, 3],
    "from_time": "09:00",
    "to_time": "16:00",
    "formats": [],
    "notice_hours": 12,
    "made_at": "2026-11-20T09:30:00-05:00",
    "offer": _OFFER,
}
_NEW_WISH = {**_WISH, "state": "waiting", "offer": None}
_FOR_STAFF = {
    "made_at": "2026-11-20T14:30:00Z",
    "client": _CLIENT,
    "service_id": IDS["service"],
    "practitioner_id": IDS["practitioner"],
    "group_id": None,
    "package_id": None,
    "urgent": False,
    "unanswered": 0,
    "ended_at": None,
}
_PRACTICE_WISH = {
    **_WISH,
    **_FOR_STAFF,
    "until": "2026-12-02T23:00:00Z",
    "offer": {**_OFFER, **_IN_UTC},
}
_NEW_SESSION = {
    **_NEW_WISH,
    **_FOR_STAFF,
    "session_id": None,
    "until": None,
    "package_id": PACKAGE["id"],
}
_COMMAND = {"command_id": IDS["command"]}

WAITLIST_EXAMPLES: dict[str, object] = {
    "WishAnswer": {**_NEW_WISH, **_COMMAND},
    "WishOfSession": {"wish": _WISH},
    "ReleaseAnswer": {
        "session_id": IDS["session"],
        "release": {"until": "2026-12-03T13:00:00-05:00"},
        **_COMMAND,
    },
    "OfferView": _OFFER,
    "OpenedOffer": {**_OFFER, "practice": WHO["practice"]},
    "OfferList": {"items": [_OFFER]},
    "accept_own_offer": {
        **_OFFER,
        "state": "accepted",
        "held": False,
        "cancel_after": None,
        "booked_session_id": IDS["session"],
        **_COMMAND,
    },
    "decline_own_offer": {
        **_OFFER,
        "state": "declined",
        "held": False,
        "cancel_after": None,
        "booked_session_id": None,
        **_COMMAND,
    },
    "PracticeWishAnswer": {**_NEW_SESSION, **_COMMAND},
    "PracticeWishView": _PRACTICE_WISH,
    "PracticeWishPage": {"items": [_PRACTICE_WISH], "next_cursor": None},
    "PracticeOfferView": _PRACTICE_OFFER,
    "PracticeOfferPage": {"items": [_PRACTICE_OFFER], "next_cursor": None},
    "PracticeOfferAnswer": {
        **_PRACTICE_OFFER,
        "state": "withdrawn",
        "held": False,
        "cancel_after": None,
        "ended_at": "2026-11-25T15:40:00Z",
        **_COMMAND,
    },
    "OfferCounts": {
        "made": 6,
        "open": 1,
        "accepted": 2,
        "declined": 1,
        "expired": 2,
        "withdrawn": 0,
        "accepted_share": 0.4,
    },
}
