"""Presents a hold."""

from app.holds.commands import Hold
from app.holds.schemas import HoldView
from app.sessions.client_api.decision_presenter import present_cancel_after
from app.web.idempotency import StoredAnswer
from app.web.responses import answered


def hold_answer(hold: Hold) -> StoredAnswer:
    """Make the response with a hold, in the client's zone."""
    target, zone = hold.target, hold.zone
    shown: HoldView = {
        "start": target.starts_at.astimezone(zone),
        "end": hold.ends_at.astimezone(zone),
        "format": target.format,
        "location_id": target.location_id,
        "group_id": target.group_id,
        "expires_at": hold.expires_at.astimezone(zone),
        "cancel_after": present_cancel_after(hold.cancel_after, zone),
    }
    return answered(shown)
