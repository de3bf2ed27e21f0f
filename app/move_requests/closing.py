"""The worker's task: find the move requests of all practices that are due, and close each."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine

from app.move_requests.commands.close import close_request
from app.move_requests.queries import list_due_requests
from app.outbox.due import STILL_WAITING, run_for_due


async def close_due_requests(engine: AsyncEngine, now: datetime) -> None:
    """Close each request that is over: after `answer_by`, or once all its sessions have started."""
    until = now - STILL_WAITING
    await run_for_due(
        engine,
        lambda db, most: list_due_requests(db, until, most),
        lambda db, practice_id, request_id: close_request(
            db, practice_id, request_id, until=until, now=now
        ),
        failure="move_request_not_closed",
        id_name="move_request_id",
    )
