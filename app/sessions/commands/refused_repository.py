"""Count what the policy has refused, for reports (docs/decisions/0037-absence.md)."""

from datetime import date
from typing import NamedTuple
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.refused_attempts import RefusedAttempts


class RefusedAttempt(NamedTuple):
    """What the policy has refused to a client; nothing tells who it was."""

    practice_id: UUID
    day: date
    action: str
    code: str
    practitioner_id: UUID
    service_id: UUID


async def count_attempt(db: AsyncConnection, attempt: RefusedAttempt) -> None:
    """Add one to the count of such refusals of the day."""
    counted = insert(RefusedAttempts).values(**attempt._asdict(), attempts=1)
    key = list(RefusedAttempt._fields)
    more = {"attempts": RefusedAttempts.attempts + 1}
    await db.execute(counted.on_conflict_do_update(index_elements=key, set_=more))
