"""Statements of the operator's commands, across all practices. Nothing here commits."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.practices import Practice

_CREATING = 7_365_109  # an arbitrary key of an advisory lock that only this code takes


@dataclass(frozen=True, slots=True)
class ListedPractice:
    """A practice in the operator's list. `closed_at` is None while it is open."""

    id: UUID
    name: str
    closed_at: datetime | None


async def lock_names(db: AsyncConnection) -> None:
    """Take a lock until the end of the transaction, so that names are checked one at a time."""
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
    """Close a practice, or reopen it with None. Return whether this changed anything."""
    is_closed = Practice.closed_at.is_not(None)
    own = (Practice.practice_id == practice_id, is_closed if closed_at is None else ~is_closed)
    changed = await db.execute(update(Practice).where(*own).values(closed_at=closed_at))
    return changed.rowcount > 0
