"""Statements of adjustments by staff, in the caller's transaction."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.allowance_uses import AllowanceUse
from app.tables.joins import of_practice


async def latest_use(db: AsyncConnection, practice_id: UUID, client_id: UUID) -> UUID | None:
    """Give the client's latest use that was not given back; None: there is none."""
    use_id: UUID | None = await db.scalar(
        select(AllowanceUse.id)
        .where(
            of_practice(
                practice_id,
                AllowanceUse,
                AllowanceUse.client_id == client_id,
                AllowanceUse.given_back_at.is_(None),
            )
        )
        .order_by(AllowanceUse.used_at.desc(), AllowanceUse.id.desc())
        .limit(1)
    )
    return use_id


async def add_use(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, change_id: UUID, now: datetime
) -> None:
    """Add a use that no session has made; `change_id` is the entry of the audit log."""
    await db.execute(
        insert(AllowanceUse).values(
            practice_id=practice_id, id=change_id, client_id=client_id, used_at=now
        )
    )
