"""Write which links of a session are valid, in the caller's transaction."""

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.joins import of_practice
from app.tables.sessions import Session


async def raise_generation(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> int | None:
    """Increment the generation of a session's links; None: there is no such session.

    Links of earlier generations are no longer valid. Returns the new generation.
    """
    return await db.scalar(
        update(Session)
        .where(of_practice(practice_id, Session, Session.id == session_id))
        .values(link_generation=Session.link_generation + 1)
        .returning(Session.link_generation)
    )
