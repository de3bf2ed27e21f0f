"""Write fees of one practice, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.errors import FeeClosedError, NotFoundError
from app.sessions.commands.fee_repository import close_fee
from app.tables.joins import of_practice
from app.tables.sessions import Fee, Refill


async def mark_announced(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, now: datetime
) -> bool:
    """Note that webhooks are told that a due fee can be collected; False: they were, or it ended.

    Locks the fee, so that it does not end meanwhile.
    """
    marked = await db.execute(
        update(Fee)
        .where(
            of_practice(practice_id, Fee, Fee.id == fee_id),
            Fee.status == "due",
            Fee.collect_after < now,
            Fee.announced_at.is_(None),
        )
        .values(announced_at=now)
        .returning(Fee.id)
    )
    return marked.scalar() is not None


async def close_due_fee(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, status: str, now: datetime, **values: str
) -> bool:
    """Set a fee that is due to `status` (see `close_fee`); give False if it already has that.

    The session is locked.

    Raises:
        NotFoundError: the practice has no such fee.
        FeeClosedError: the fee was closed with another status.
    """
    if await close_fee(db, practice_id, Fee.id == fee_id, status, now, **values) is not None:
        return True
    found = await db.scalar(
        select(Fee.status).where(of_practice(practice_id, Fee, Fee.id == fee_id))
    )
    if found is None:
        raise NotFoundError
    if found != status:
        raise FeeClosedError
    return False


async def set_collect_after(
    db: AsyncConnection, practice_id: UUID, fee_id: UUID, collect_after: datetime | None
) -> None:
    """Write the instant after which a fee can be collected."""
    own = of_practice(practice_id, Fee, Fee.id == fee_id)
    await db.execute(update(Fee).where(own).values(collect_after=collect_after))


async def set_judged(
    db: AsyncConnection,
    practice_id: UUID,
    refill_id: UUID,
    covered_by: Sequence[UUID],
    now: datetime,
) -> None:
    """Write whether a freed time was filled again, and by which sessions."""
    await db.execute(
        update(Refill)
        .where(of_practice(practice_id, Refill, Refill.id == refill_id))
        .values(
            state="refilled" if covered_by else "open", covered_by=list(covered_by), judged_at=now
        )
    )
