"""The worker's task: find the groups of all practices whose minimum is due, and judge each."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.groups.commands.judge import judge_group
from app.groups.queries import list_due_groups
from app.outbox.due import STILL_WAITING, run_for_due


async def judge_due_groups(engine: AsyncEngine, now: datetime, *, credit_grace: timedelta) -> None:
    """Judge each group that is due, once a cancellation that came in time no longer waits.

    A group is judged once, whatever workers do at once.
    """
    await run_for_due(
        engine,
        lambda db, most: list_due_groups(db, now - STILL_WAITING, most),
        lambda db, practice_id, group_id: judge_group(
            db, practice_id, group_id, now=now, credit_grace=credit_grace
        ),
        failure="group_not_judged",
        id_name="group_id",
    )
