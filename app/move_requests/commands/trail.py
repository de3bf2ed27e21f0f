"""Write audit log entries about move requests."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.move_requests.records import MoveRequestRecord


async def write_request_change(
    db: AsyncConnection,
    practice_id: UUID,
    actor: Actor,
    request: MoveRequestRecord,
    kind: str,
    command_id: UUID,
    now: datetime,
) -> UUID:
    """Add an entry about a request with the state of each session, and return its id.

    The note for the clients stays out: entries cannot be erased.
    """
    return await write_change(
        db,
        practice_id,
        actor,
        now,
        subject="move_request",
        subject_id=request.id,
        kind=kind,
        command_id=command_id,
        details={
            "answer_by": request.answer_by.isoformat(),
            "meanwhile": request.meanwhile,
            "sessions": {str(one.session_id): one.state for one in request.sessions},
        },
    )
