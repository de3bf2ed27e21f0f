"""Presents a hold."""

from app.holds.commands import Hold
from app.holds.schemas import HoldView
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
    }
    return answered(shown)
