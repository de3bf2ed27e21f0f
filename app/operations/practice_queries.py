"""Statements of the operator's commands, which look across practices. Nothing here commits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.practices import Practice

_CREATING = 7_365_109  # any number; the key of a lock that nothing else takes


@dataclass(frozen=True, slots=True)
class ListedPractice:
    """What an operator is told of a practice. `closed_at` is None while it is open."""

    id: UUID
    name: str
    closed_at: datetime | None


async def lock_names(db: AsyncConnection) -> None:
    """Let two practices that are created at once wait for each other."""
    await db.execute(select(func.pg_advisory_xact_lock(_CREATING)))


async def all_practices(db: AsyncConnection) -> list[ListedPractice]:
    """List the practices by name."""
    found = await db.execute(
        select(Practice.practice_id, Practice.name, Practice.closed_at).order_by(
            Practice.name, Practice.practice_id
        )
    )
    return [ListedPractice(*row) for row in found]


async def set_closed(db: AsyncConnection, practice_id: UUID, closed_at: datetime | None) -> bool:
    """Close or reopen a practice; tell whether that changed anything."""
    is_closed = Practice.closed_at.is_not(None)
    own = (Practice.practice_id == practice_id, is_closed if closed_at is None else ~is_closed)
    changed = await db.execute(update(Practice).where(*own).values(closed_at=closed_at))
    return changed.rowcount > 0
