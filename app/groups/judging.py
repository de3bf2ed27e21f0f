"""The worker's task: find the groups of all practices whose minimum is due, and judge each."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from app.database.transactions import read_connection, transact
from app.groups.commands.judge import judge_group
from app.groups.queries import list_due_groups
from app.outbox.errors import describe

AT_ONCE = 100

log = structlog.get_logger()


async def judge_due_groups(engine: AsyncEngine, now: datetime, *, credit_grace: timedelta) -> None:
    """Judge each group that is due, up to 100 at a time, in a transaction of its own.

    Several workers may do this at once: a group is judged once. If judging a group fails, the
    others are judged, and the next run tries again.
    """
    async with read_connection(engine) as db:
        due = await list_due_groups(db, now, AT_ONCE)
    for practice_id, group_id in due:
        try:
            await transact(
                engine,
                lambda db: judge_group(
                    db,
                    practice_id,  # noqa: B023 - it runs within the iteration
                    group_id,  # noqa: B023
                    now=now,
                    credit_grace=credit_grace,
                ),
            )
        except Exception as error:  # noqa: BLE001 - the other groups must not wait for this one
            log.warning(
                "group_not_judged",
                error=describe(error),
                practice_id=str(practice_id),
                group_id=str(group_id),
            )
