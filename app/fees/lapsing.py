"""The worker's task: a question about a fee that nobody has answered in time lapses."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import SYSTEM
from app.fees.queries import read_fee
from app.fees.steps import lock_session_of
from app.fees.waiver_queries import list_waivers_to_lapse
from app.fees.waiving import tell_of_end
from app.outbox.due import STILL_WAITING, run_for_due
from app.sessions.commands.waiver_repository import end_lapsed_waiver


async def lapse_waivers(engine: AsyncEngine, now: datetime) -> None:
    """Let each question lapse whose last instant has passed."""
    await run_for_due(
        engine,
        lambda db, most: list_waivers_to_lapse(db, now - STILL_WAITING, most),
        lambda db, practice_id, fee_id: lapse_waiver(db, practice_id, fee_id, now),
        failure="waiver_not_lapsed",
        id_name="fee_id",
    )


async def lapse_waiver(db: AsyncConnection, practice_id: UUID, fee_id: UUID, now: datetime) -> None:
    """Let a question lapse, as of its last instant, and tell the client. Done once.

    Nothing happens if it was answered, or if it can still be. The fee can be collected since its
    `collect_after`, which is that instant at the earliest, and may have ended meanwhile.

    Raises:
        NotFoundError: the practice has no such fee.
    """
    await lock_session_of(db, practice_id, fee_id)
    question = (await read_fee(db, practice_id, fee_id)).question
    if question is None or question.state != "asked" or question.is_open(now):
        return
    await end_lapsed_waiver(db, practice_id, fee_id)
    await tell_of_end(db, practice_id, SYSTEM, fee_id, "fee_waiver_lapsed", now=now)
