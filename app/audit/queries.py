"""Read the audit log for commands. The list for staff is in app/changes."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.changes import Change
from app.tables.joins import of_practice


async def read_command_id(
    db: AsyncConnection, practice_id: UUID, subject_id: UUID, kind: str
) -> UUID:
    """Give the id of the command that last changed a subject in this way. There must be one.

    The subject is not a session: those have a history (app/sessions/commands).
    """
    changed = of_practice(
        practice_id,
        Change,
        Change.session_id.is_(None),
        Change.subject_id == subject_id,
        Change.kind == kind,
    )
    found = await db.execute(
        select(Change.command_id).where(changed).order_by(Change.at.desc()).limit(1)
    )
    return found.scalar_one()
