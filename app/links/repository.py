"""Writing which links of a session are good. Nothing here commits."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.joins import of_practice
from app.tables.sessions import Session


async def raise_generation(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> int | None:
    """Raise the generation of a session's links, and give it; None: there is no such session."""
    return await db.scalar(
        update(Session)
        .where(of_practice(practice_id, Session, Session.id == session_id))
        .values(link_generation=Session.link_generation + 1)
        .returning(Session.link_generation)
    )
