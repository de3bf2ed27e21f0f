"""Examples of answers to a client's commands on one session: the session of client.py.

They cancel, move, undo a move and confirm at the time of client.py, and announce an absence 90
minutes before the start.
"""

from collections.abc import Mapping

from app.operations.openapi.examples.client import (
    SESSION,
    allowed,
    details,
    refused,
    said_now,
    way,
)
from app.operations.openapi.examples.records import FEE, IDS, PACKAGE

_NOW = "2026-11-25T05:15:00-05:00"
_UNDO_UNTIL = "2026-11-25T05:20:00-05:00"
_LATE = "2026-12-03T13:30:00-05:00"


def _cancelled() -> dict[str, object]:
    free_until, closes_at = "2026-12-02T15:00:00-05:00", "2026-12-03T13:00:00-05:00"
    rebook_until = "2026-12-25T05:15:00-05:00"
    return {
        **SESSION,
        "status": "cancelled",
        "version": 4,
        "package": {**PACKAGE, "credits_left": 3},
        "cancellation": {
            "at": "2026-11-25T05:15:00-05:00",
            "by": "client",
            "reason": {"code": "unwell", "note": "I have caught a cold."},
        },
        "actions": {
            "cancel": refused(free_until, closes_at),
            "reschedule": allowed("reschedule", "redeemed", rebook_until, rebook_until),
            "change_format": refused("2026-12-03T15:00:00-05:00", "2026-12-03T15:00:00-05:00"),
            "absence": refused(None, "2026-12-03T15:00:00-05:00"),
            **said_now(undo_until="2026-11-25T05:20:00-05:00", can_confirm=False, is_booked=False),
        },
        "ways_out": [way("reschedule", "redeemed")],
    }


def _answer(
    session: Mapping[str, object],
    actions: Mapping[str, object] | None = None,
    *,
    credit: str | None = None,
) -> dict[str, object]:
    """Return the answer to a command that costs no fee. `actions` are those that it has changed."""
    before = session["actions"]
    assert isinstance(before, dict)  # noqa: S101 - as written
    return {
        "session": {**session, "actions": {**before, **(actions or {})}},
        "fee": None,
        "credit": credit,
        "command_id": IDS["command"],
        "sessions": None,
    }


def _moved() -> dict[str, object]:
    said = said_now(undo_until=_UNDO_UNTIL, can_confirm=True)
    return _answer(details("2026-12-08", "2026-12-07", version=4), said, credit="kept")


def _confirmed() -> dict[str, object]:
    said = said_now(undo_until=None, can_confirm=False)
    return _answer({**SESSION, "confirmed_at": _NOW}, said)


def _absent() -> dict[str, object]:
    """Return the session that stays booked. To give up its time would cost the fee."""
    free_until, closed_at = "2026-12-02T15:00:00-05:00", "2026-12-03T13:00:00-05:00"
    start, expires_at = "2026-12-03T15:00:00-05:00", "2026-12-03T13:40:00-05:00"
    late = refused(free_until, closed_at, "notice-too-short", deadline=closed_at)
    reason = {"code": "unwell", "note": "I woke up with a fever."}
    absence = allowed("absence", "returned", start, start)
    session: dict[str, object] = {
        **SESSION,
        "absence": {"at": _LATE, "free_time": False, "reason": reason},
        "ways_out": [way("change_format", "kept"), {**way("absence", "returned"), "fee": FEE}],
    }
    return _answer(
        session,
        {
            "cancel": {**late, "release": {"available": False, "waiting": False}},
            "reschedule": late,
            "change_format": {
                **allowed("change_format", "kept", start, start),
                "quote_expires_at": expires_at,
            },
            "absence": {**absence, "fee": FEE, "free_until": None, "quote_expires_at": expires_at},
            **said_now(undo_until=None, can_confirm=False),
        },
    )


COMMAND_EXAMPLES: dict[str, object] = {
    "cancel_session": _answer(_cancelled(), credit="returned"),
    "reschedule_session": _moved(),
    "undo_change": _answer(details("2026-12-03", "2026-12-02", version=5)),
    "confirm_session": _confirmed(),
    "announce_session_absence": _absent(),
}
