"""Examples of a client's allowance, with the same data as client.py."""

from typing import Any

from app.operations.openapi.examples.records import IDS, SERVICE

_USE: dict[str, Any] = {
    "id": IDS["change"],
    "used_at": "2026-03-04T14:20:00Z",
    "kind": "cancelled",
    "session_id": IDS["session"],
    "given_back_at": None,
    "given_back_by": None,
}


def _of_client(left: int, renews_at: str | None) -> dict[str, Any]:
    session = {
        "session_id": IDS["session"],
        "starts_at": "2026-12-03T13:00:00-07:00",
        "service": SERVICE,
        "policy_version": 2,
        "time_zone": "America/Denver",
        "left": left,
        "of": 2,
        "renews_at": renews_at,
    }
    return {"client_id": IDS["client"], "sessions": [session]}


_GIVEN_BACK = {**_USE, "given_back_at": "2026-11-25T10:15:00Z", "given_back_by": "staff"}

ALLOWANCE_EXAMPLES: dict[str, object] = {
    "ClientAllowance": {
        **_of_client(1, "2027-01-01T00:00:00-07:00"),
        "items": [_USE],
        "next_cursor": None,
    },
    "AdjustAnswer": {**_of_client(2, None), "use": _GIVEN_BACK, "command_id": IDS["command"]},
}
