"""Queries on the practice itself."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.practices import Practice

_SHOWN = select(
    Practice.practice_id.label("id"),
    Practice.name,
    Practice.email,
    Practice.phone,
    Practice.currency,
)


async def read_practice(db: AsyncConnection, practice_id: UUID) -> Mapping[str, Any]:
    """Read the practice, which must exist."""
    found = await db.execute(_SHOWN.where(Practice.practice_id == practice_id))
    return found.one()._asdict()


async def currency_of(db: AsyncConnection, practice_id: UUID) -> str:
    """Return the ISO 4217 code of the practice's currency."""
    found = select(Practice.currency).where(Practice.practice_id == practice_id)
    return str((await db.execute(found)).scalar_one())
