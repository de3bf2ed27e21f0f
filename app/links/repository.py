"""Write which links of a session are valid, in the caller's transaction."""

from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.held_times import HoldRepository
from app.tables.joins import of_practice
from app.tables.sessions import Session


async def raise_generation(db: AsyncConnection, practice_id: UUID, session_id: UUID) -> int | None:
    """Raise the generation of a session's links; None: there is no such session.

    Links of earlier generations are no longer valid. In a series the new generation is above that
    of all its sessions, so that a link of another session, issued before, is below it. All sessions
    of the series are locked, so that two of them never get the same one. What was held through the
    links is free at once. Returns the new generation.
    """
    of_session = of_practice(practice_id, Session, Session.id == session_id)
    series = select(Session.series_id).where(of_session).scalar_subquery()
    in_series = or_(Session.id == session_id, Session.series_id == series)
    # PostgreSQL gives the values that a row has when it is locked, after the wait for it.
    locked = await db.scalars(
        select(Session.link_generation)
        .where(of_practice(practice_id, Session, in_series))
        .order_by(Session.id)
        .with_for_update(key_share=True)
    )
    generations = locked.all()
    if not generations:
        return None
    generation = max(generations) + 1
    await db.execute(update(Session).where(of_session).values(link_generation=generation))
    # After the session's row, as in every command that writes a hold.
    await HoldRepository(db, practice_id).end_by_link(session_id)
    return generation
