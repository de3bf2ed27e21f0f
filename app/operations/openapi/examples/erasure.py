"""An example of everything held of a client, cut short."""

from typing import Any

from app.operations.openapi.examples.records import IDS

_AT = "2026-11-25T10:15:00Z"
_NOTHING: dict[str, Any] = {
    name: []
    for name in (
        *("taken_times", "series", "fees", "waivers", "refills", "packages", "credits"),
        *("allowance_uses", "wishes", "offers", "freed_times", "holds", "move_requests"),
        *("asked_to_move", "notifications", "sign_ins", "sign_in_families", "feeds"),
    )
}

ERASURE_EXAMPLES: dict[str, object] = {
    "ClientExport": {
        "exported_at": _AT,
        "client": {
            "id": IDS["client"],
            "name": "Ana Ruiz",
            "email": "ana@client.example",
            "phone": "+1 212 555 0188",
        },
        "sessions": [
            {
                "id": IDS["session"],
                "status": "booked",
                "starts_at": "2026-12-03T20:00:00Z",
                "ends_at": "2026-12-03T20:50:00Z",
            }
        ],
        "changes": [
            {
                "id": IDS["change"],
                "session_id": IDS["session"],
                "kind": "rescheduled",
                "at": _AT,
                "note": "A meeting was put on this hour.",
                "origin": "192.0.2.17",
            }
        ],
        **_NOTHING,
    },
}
