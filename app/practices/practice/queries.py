"""What others ask about the practice itself."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.practices.models import Practice


async def currency_of(db: AsyncConnection, practice_id: UUID) -> str:
    """Give the currency of all that the practice's clients pay."""
    found = select(Practice.currency).where(Practice.practice_id == practice_id)
    return str((await db.execute(found)).scalar_one())
