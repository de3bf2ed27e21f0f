"""Queries on pictures."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.joins import of_practice
from app.tables.pictures import Picture


async def read_picture(db: AsyncConnection, practice_id: UUID, name: str) -> bytes | None:
    """Read the content of a picture; None: the practice has none of this name."""
    found: bytes | None = await db.scalar(
        select(Picture.content).where(of_practice(practice_id, Picture, Picture.name == name))
    )
    return found
