"""Close a move request whose `answer_by` has passed. Only the worker does this."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM
from app.calendar.locks import lock_sessions
from app.move_requests.commands.trail import write_request_change
from app.move_requests.queries import read_move_request
from app.move_requests.repository import MoveRequestRepository
from app.outbox.outbox import queue_practice_mail


async def close_request(
    db: AsyncConnection, practice_id: UUID, request_id: UUID, *, now: datetime
) -> None:
    """Close a request that is due: the sessions without an answer stay as they are.

    Exactly at `answer_by` an answer is in time, and a later change of a session is no answer, also
    if this runs late. The practice gets one mail that says who has not answered, if anybody has
    not.

    Raises:
        NotFoundError: the practice has no such request.
    """
    requests = MoveRequestRepository(db, practice_id)
    waiting = await requests.open_sessions(request_id)
    if waiting:
        await lock_sessions(db, practice_id, waiting)
    request = await read_move_request(db, practice_id, request_id)
    if now <= request.answer_by or not await requests.end(request_id, "told_at", now):
        return
    kept = await requests.close(request_id, "kept", now)
    request = await read_move_request(db, practice_id, request_id)
    command_id = uuid4()
    change_id = await write_request_change(
        db, practice_id, SYSTEM, request, "closed", command_id, now
    )
    if kept:
        await queue_practice_mail(db, practice_id, change_id, "move_request_unanswered", now)
