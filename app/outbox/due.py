"""Finds rows that are due, and runs a command for each, as the worker's repeated tasks do."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.database.transactions import read_connection, transact
from app.outbox.errors import describe

# Rows of one run; the next run finds the others.
AT_ONCE = 100
# A request that came in time may wait for locks this long at most.
STILL_WAITING = timedelta(seconds=30)

log = structlog.get_logger()


def due_in_open_practices(rows: str) -> TextClause:
    """Build the statement that reads `rows`, an SQL query, for each practice that is not closed.

    `rows` compares its table with `practices.practice_id`. Both have the parameter `most`.
    """
    # LATERAL per practice, so that each practice is one range of an index.
    return text(
        f"SELECT due.* FROM practices, LATERAL ({rows}) AS due"  # noqa: S608 - constants only
        " WHERE practices.closed_at IS NULL LIMIT :most"
    )


async def run_for_due(
    engine: AsyncEngine,
    find: Callable[[AsyncConnection, int], Awaitable[Sequence[tuple[UUID, UUID]]]],
    command: Callable[[AsyncConnection, UUID, UUID], Awaitable[None]],
    *,
    failure: str,
    id_name: str,
) -> None:
    """Run `command` for each row that `find` gives, in a transaction of its own.

    `find` gets the largest number of rows, and gives the practice's id and the row's. Several
    workers may do this at once, so `command` must do nothing for a row that is done. If it fails,
    `failure` is logged with the ids, the row's as `id_name`; the others are run, and the next run
    tries again.
    """
    async with read_connection(engine) as db:
        due = await find(db, AT_ONCE)
    for practice_id, row_id in due:
        try:
            await transact(
                engine,
                lambda db: command(db, practice_id, row_id),  # noqa: B023 - within the iteration
            )
        except Exception as error:  # noqa: BLE001 - the other rows must not wait for this one
            ids = {"practice_id": str(practice_id), id_name: str(row_id)}
            log.warning(failure, error=describe(error), **ids)
