"""Examples of waivers, with the same data as client.py and the fee of staff.py."""

from app.operations.openapi.examples.records import FEE, IDS, SERVICE, WHO
from app.operations.openapi.examples.staff import fee_example, practice_fee_example

_WORDS = "I was in hospital that night."
_ASKED = {
    "state": "asked",
    "asked_at": "2026-11-25T08:05:00-05:00",
    "answer_by": "2026-12-02T08:05:00-05:00",
    "ended_at": None,
}
_SESSION = {
    "id": IDS["session"],
    "starts_at": "2026-11-25T09:00:00-05:00",
    "service": SERVICE,
    "practitioner": {"id": IDS["practitioner"], "name": "Dr. Maya Chen"},
}
_OPENED = {
    **_ASKED,
    "fee_id": IDS["fee"],
    "amount": FEE,
    "fee_status": "due",
    "cause": "cancelled",
    "recorded_at": "2026-11-24T16:40:00-05:00",
    "note": _WORDS,
    "time_zone": "America/New_York",
    "client": {"name": "Ana Ruiz"},
    "session": _SESSION,
}
_ENDED = {"note": None, "ended_at": "2026-11-25T12:30:00-05:00", "command_id": IDS["command"]}

WAIVER_EXAMPLES: dict[str, object] = {
    "ask_waiver": {
        **fee_example("due"),
        "recorded_at": "2026-11-24T16:40:00-05:00",
        "collect_after": "2026-12-02T08:05:00-05:00",
        "session": _SESSION,
        "waiver": _ASKED,
        "ask_waiver_until": None,
        "command_id": IDS["command"],
    },
    "uphold_fee": practice_fee_example(
        "due",
        collect_after="2026-11-25T17:30:00Z",
        waiver={
            "state": "declined",
            "asked_at": "2026-11-25T13:05:00Z",
            "answer_by": "2026-12-02T13:05:00Z",
            "ended_at": "2026-11-25T17:30:00Z",
            "note": _WORDS,
        },
        command_id=IDS["command"],
        warning=None,
    ),
    "open_waiver_link": {**_OPENED, "practice": WHO["practice"]},
    "grant_waiver": {**_OPENED, **_ENDED, "state": "granted", "fee_status": "waived"},
    "uphold_waiver": {**_OPENED, **_ENDED, "state": "declined"},
}
