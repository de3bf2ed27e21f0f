"""Write which links of a session are valid, in the caller's transaction."""

from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.calendar.held_times import HoldRepository
from app.tables.joins import of_practice
from app.tables.sessions import Session


async def raise_generation(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> int | None:
    """Raise the generation of a session's links; None: there is no such session.

    Links of earlier generations are no longer valid. In a series the new generation is above that
    of all its sessions, so that a link of another session, issued before, is below it. What was
    held through the links is free at once. Returns the new generation.
    """
    other = aliased(Session)
    highest = (
        select(func.max(other.link_generation))
        .where(of_practice(practice_id, other, other.series_id == Session.series_id))
        .correlate(Session)
        .scalar_subquery()
    )
    generation: int | None = await db.scalar(
        update(Session)
        .where(of_practice(practice_id, Session, Session.id == session_id))
        .values(link_generation=func.greatest(Session.link_generation, highest) + 1)
        .returning(Session.link_generation)
    )
    # After the session's row, as in every command that writes a hold.
    await HoldRepository(db, practice_id).end_by_link(session_id)
    return generation
