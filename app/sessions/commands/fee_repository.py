"""Close fees of one practice, in the caller's transaction."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.sessions.commands.waiver_repository import end_waiver
from app.tables.joins import of_practice
from app.tables.sessions import Fee


async def close_fee(
    db: AsyncConnection,
    practice_id: UUID,
    which: ColumnElement[bool],
    status: str,
    now: datetime,
    *,
    among: Collection[str] = ("due",),
    **values: str,
) -> UUID | None:
    """Set the fee that `which` matches to `status`, if its own is `among` these; give its id.

    None: there is no such fee. The session is locked. An open question of the client about the fee
    ends: it is granted by `waived`, and void otherwise (product.md section 10, "Waiver").
    """
    closed = await db.execute(
        update(Fee)
        .where(of_practice(practice_id, Fee, which, Fee.status.in_(among)))
        .values(status=status, closed_at=now, **values)
        .returning(Fee.id)
    )
    fee_id = closed.scalar()
    if fee_id is not None:
        await end_waiver(db, practice_id, fee_id, "granted" if status == "waived" else "void", now)
    return fee_id
