"""Statements on the practice itself. Nothing here commits."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.practices import Practice


async def lock_practice(db: AsyncConnection, practice_id: UUID) -> None:
    """Lock the practice's row, so that commands that count its records run one at a time."""
    own = Practice.practice_id == practice_id
    await db.execute(select(Practice.practice_id).where(own).with_for_update(key_share=True))


async def write_practice(db: AsyncConnection, practice_id: UUID, values: Mapping[str, Any]) -> None:
    """Change columns of the practice."""
    own = Practice.practice_id == practice_id
    await db.execute(update(Practice).where(own).values(**values))
