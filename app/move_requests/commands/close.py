"""Close a move request that is over. Only the worker does this."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import SYSTEM
from app.move_requests.commands.trail import write_request_change
from app.move_requests.queries import read_move_request
from app.move_requests.repository import MoveRequestRepository
from app.outbox.outbox import queue_practice_mail


async def close_request(
    db: AsyncConnection, practice_id: UUID, request_id: UUID, *, until: datetime, now: datetime
) -> None:
    """Close a request for the sessions for which nobody can answer any more. They stay as they are.

    That is once a session has started, and for all of them after `answer_by`; what counts is
    `until`, which is before `now`. Exactly at `answer_by` an answer is in time, and a later change
    of a session is no answer, also if this runs late. When the whole request is over, the practice
    gets one mail that says who has not answered, if anybody has not.

    Raises:
        NotFoundError: the practice has no such request.
    """
    requests = MoveRequestRepository(db, practice_id)
    asked = await requests.lock_all_sessions(request_id)
    request = await read_move_request(db, practice_id, request_id)
    to_come = [one for one in request.sessions if one.present_start > until]
    is_over = until > request.answer_by or not to_come
    left = [] if is_over else [one.session_id for one in to_come]
    await requests.close(request_id, [one for one in asked if one not in left], "kept", now)
    if not is_over or not await requests.end(request_id, "told_at", now):
        return
    request = await read_move_request(db, practice_id, request_id)
    command_id = uuid4()
    change_id = await write_request_change(
        db, practice_id, SYSTEM, request, "closed", command_id, now
    )
    if any(one.state == "kept" for one in request.sessions):
        await queue_practice_mail(db, practice_id, change_id, "move_request_unanswered", now)
