"""The worker's task: find the move requests of all practices that are due, and close each."""

from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import read_connection, transact
from app.move_requests.commands.close import close_request
from app.move_requests.queries import list_due_requests
from app.outbox.errors import describe

AT_ONCE = 100

log = structlog.get_logger()


async def close_due_requests(engine: AsyncEngine, now: datetime) -> None:
    """Close each request whose `answer_by` has passed, up to 100 at a time.

    Each has a transaction of its own. Several workers may do this at once: a request is closed
    once. If closing one fails, the others are closed, and the next run tries again.
    """
    async with read_connection(engine) as db:
        due = await list_due_requests(db, now, AT_ONCE)
    for practice_id, request_id in due:
        try:
            await transact(
                engine,
                lambda db: close_request(
                    db,
                    practice_id,  # noqa: B023 - it runs within the iteration
                    request_id,  # noqa: B023
                    now=now,
                ),
            )
        except Exception as error:  # noqa: BLE001 - the other requests must not wait for this one
            log.warning(
                "move_request_not_closed",
                error=describe(error),
                practice_id=str(practice_id),
                move_request_id=str(request_id),
            )
