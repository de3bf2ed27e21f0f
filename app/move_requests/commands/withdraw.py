"""Withdraw a move request; only staff do this."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.queries import read_command_id
from app.identity.api_keys.keys import Staff
from app.move_requests.commands.trail import write_request_change
from app.move_requests.queries import read_move_request
from app.move_requests.records import RequestOutcome
from app.move_requests.repository import MoveRequestRepository


async def withdraw_request(
    db: AsyncConnection, staff: Staff, request_id: UUID, *, now: datetime
) -> RequestOutcome:
    """End a request for the sessions whose clients have not answered.

    The sessions stay as they are, also those that the request has cancelled. For a session that
    nobody could answer for at `now` the request is `kept`. One that is over for all of them, or has
    ended already, does not change; if it was withdrawn, the answer has the id of that command.

    Raises:
        NotFoundError: the practice has no such request.
    """
    practice_id = staff.practice_id
    requests = MoveRequestRepository(db, practice_id)
    asked = await requests.lock_all_sessions(request_id)
    request = await read_move_request(db, practice_id, request_id)
    states = {one.session_id: one.state_at(request.answer_by, now) for one in request.sessions}
    still_open = [session_id for session_id in asked if states[session_id] == "asked"]
    if not still_open:
        if request.withdrawn_at is None:
            return RequestOutcome(request, None)
        first = await read_command_id(db, practice_id, request_id, "withdrawn")
        return RequestOutcome(request, first)
    await requests.close(request_id, still_open, "withdrawn", now)
    await requests.close(request_id, asked, "kept", now)
    await requests.end(request_id, "withdrawn_at", now)
    command_id = uuid4()
    request = await read_move_request(db, practice_id, request_id)
    await write_request_change(db, practice_id, staff.actor, request, "withdrawn", command_id, now)
    return RequestOutcome(request, command_id)
