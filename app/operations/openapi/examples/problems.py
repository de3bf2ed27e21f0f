"""Examples of the members that only some problems have, with the same data as client.py."""

from app.operations.openapi.examples.client import SCOPE
from app.operations.openapi.examples.records import CONTACT, FEE, IDS

PROBLEM_MEMBERS: dict[str, object] = {
    "errors": [{"pointer": "/reason/note", "in": "body", "detail": "Field required"}],
    "alternatives": [
        {"start": f"{start}-05:00", "end": f"{end}-05:00", "location_id": None}
        for start, end in (
            ("2026-12-03T16:00:00", "2026-12-03T16:50:00"),
            ("2026-12-03T11:30:00", "2026-12-03T12:20:00"),
            ("2026-12-08T15:00:00", "2026-12-08T15:50:00"),
        )
    ],
    "conflicts": [
        {
            "session_id": IDS["session"],
            "wanted": "2026-12-03T15:00:00-05:00",
            "alternatives": [
                {
                    "start": "2026-12-03T16:00:00-05:00",
                    "end": "2026-12-03T16:50:00-05:00",
                    "location_id": None,
                }
            ],
        }
    ],
    "decision": {
        "allowed": True,
        "fee": FEE,
        "free_because": None,
        "forgiven_if_refilled": False,
        "release": None,
        "reasons": None,
        "credit": None,
        "carries": None,
        "free_until": "2026-12-02T15:00:00-05:00",
        "closes_at": "2026-12-03T13:00:00-05:00",
        "free_targets": None,
        "allowance": None,
        "quote": f"WyJxdW90ZSIsImNhbmNlbCJd.{'Q0m7vX2s' * 8}",
        "quote_expires_at": "2026-12-03T11:10:00-05:00",
        "refusal": None,
    },
    "preview": SCOPE,
    "refusal": "notice-too-short",
    "deadline": "2026-12-03T13:00:00-05:00",
    "contact": CONTACT,
    "session_id": IDS["session"],
    "booked_sessions": 2,
    "due_fees": 1,
}
# The members whose meaning depends on the code, and the optional ones that the example has.
MEMBERS_OF_PROBLEM: dict[str, dict[str, object]] = {
    "quote-required": {"decision": PROBLEM_MEMBERS["decision"]},
    "quote-stale": {"decision": PROBLEM_MEMBERS["decision"]},
    "seats-conflict": {
        "conflicts": [
            {
                "session_id": IDS["session"],
                "client_id": IDS["client"],
                "other_session_id": "1b1e8d4a-6c50-4c2f-8b64-1a7b3c1a5d22",
            }
        ]
    },
}
