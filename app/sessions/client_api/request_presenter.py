"""Present a session's move request to its client."""

from datetime import datetime
from zoneinfo import ZoneInfo

from app.domain.policy.free import is_asked
from app.sessions.client_api.request_schemas import MoveRequestOfSession
from app.sessions.read.records import SessionRecord


def present_move_request(
    record: SessionRecord, zone: ZoneInfo, now: datetime
) -> MoveRequestOfSession | None:
    """Present the open move request of a session, or null."""
    asked, length = record.move_request, record.ends_at - record.starts_at
    if asked is None or not is_asked(record.facts, now):
        return None
    return {
        "id": asked.id,
        "note": asked.note,
        "answer_by": min(asked.answer_by, record.starts_at).astimezone(zone),
        "meanwhile": "cancel" if asked.is_cancelled else "keep",
        "proposals": [
            {
                "start": start.astimezone(zone),
                "end": (start + length).astimezone(zone),
                "location_id": record.location_id,
            }
            for start in asked.proposals
        ],
    }
