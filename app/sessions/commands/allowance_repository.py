"""Give back what sessions have used of their client's allowance, in the caller's transaction.

A use is written together with its change (app/sessions/commands/history_repository.py).
"""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import ScalarSelect, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypeAliasType

from app.tables.allowance_uses import AllowanceUse
from app.tables.joins import of_practice

GivenBackBy = TypeAliasType("GivenBackBy", Literal["undo", "refill", "staff"])


async def give_back_use(
    db: AsyncConnection,
    practice_id: UUID,
    change_id: UUID | ScalarSelect[UUID],
    by: GivenBackBy,
    now: datetime,
) -> bool:
    """Give back what a change has used up; tell whether it had used one that still counts.

    The client of the session is locked.
    """
    given = await db.execute(
        update(AllowanceUse)
        .where(
            of_practice(
                practice_id,
                AllowanceUse,
                AllowanceUse.id == change_id,
                AllowanceUse.given_back_at.is_(None),
            )
        )
        .values(given_back_at=now, given_back_by=by)
        .returning(AllowanceUse.id)
    )
    return given.scalar() is not None
