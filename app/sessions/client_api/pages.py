"""Cursors of session lists: signed, so that a page goes on exactly where the one before ended."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from app.auth.tokens import Caller
from app.cursors import Cursors
from app.sessions.client_api.presenter import Notes, present_summary
from app.sessions.client_api.schemas import SessionPage
from app.sessions.read.for_client import Position, When
from app.sessions.read.records import SessionSummaryRecord
from app.signing import TokenSigner


class SessionCursor:
    """Writes and reads the cursors of one client's list of one kind."""

    def __init__(self, signer: TokenSigner, caller: Caller, when: When) -> None:
        self._cursors = Cursors(signer, caller.practice_id, caller.client_id, when)

    def write(self, position: Position) -> str:
        """Make the cursor that goes on at `position`."""
        return self._cursors.write(
            position.instant.isoformat(), position.starts_at.isoformat(), position.session_id.hex
        )

    def read(self, cursor: str | None) -> Position | None:
        """Read a cursor that came back.

        Raises:
            InvalidInputError: it is not one of this list.
        """
        position = self._cursors.read(cursor)
        if position is None:
            return None
        instant, starts_at, session_id = position
        return Position(
            datetime.fromisoformat(instant), datetime.fromisoformat(starts_at), UUID(session_id)
        )


def present_page(
    records: Sequence[SessionSummaryRecord],
    limit: int,
    cursor: SessionCursor,
    instant: datetime,
    zone: ZoneInfo | None,
) -> SessionPage:
    """Show the first `limit` of the records; one more than that means that there is a next page."""
    shown = records[:limit]
    following = None
    if len(records) > limit:
        last = shown[-1]
        following = cursor.write(Position(instant, last.starts_at, last.id))
    return {
        "items": [
            present_summary(record, zone or record.client_zone, notes=Notes.OWN) for record in shown
        ],
        "next_cursor": following,
    }
