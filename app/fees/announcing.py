"""The worker's task: tell webhooks that fees can be collected now, whose `collect_after` passed."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.audit.write import SYSTEM
from app.fees.queries import list_fees_to_announce, read_fee
from app.fees.repository import mark_announced
from app.fees.steps import fee_change, lock_session_of
from app.outbox.due import STILL_WAITING, run_for_due
from app.outbox.outbox import NewNotification
from app.sessions.commands.finish import finish
from app.sessions.read.queries import read_session


async def announce_fees(engine: AsyncEngine, now: datetime) -> None:
    """Announce each fee that can be collected since its `collect_after`. It is announced once."""
    await run_for_due(
        engine,
        lambda db, most: list_fees_to_announce(db, now - STILL_WAITING, most),
        lambda db, practice_id, fee_id: announce_fee(db, practice_id, fee_id, now),
        failure="fee_not_announced",
        id_name="fee_id",
    )


async def announce_fee(db: AsyncConnection, practice_id: UUID, fee_id: UUID, now: datetime) -> None:
    """Write and send `fee.collectable`, unless the fee has ended or was announced before.

    Raises:
        NotFoundError: the practice has no such fee.
    """
    session_id = await lock_session_of(db, practice_id, fee_id)
    if not await mark_announced(db, practice_id, fee_id, now):
        return
    fee = await read_fee(db, practice_id, fee_id)
    record = await read_session(db, practice_id, session_id)
    change = fee_change(SYSTEM, fee, record, "fee_collectable")
    event = NewNotification("fee.collectable", "webhook", fee.starts_at, now)
    await finish(db, practice_id, session_id, change, [event], now)
