"""Write audit log entries about wishes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_changes
from app.sessions.commands.wish_repository import wish_entry
from app.waitlist.records import WishRecord


async def write_wish_change(
    db: AsyncConnection,
    actor: Actor,
    wish: WishRecord,
    kind: str,
    command_id: UUID,
    now: datetime,
) -> UUID:
    """Add an entry about a wish as it is after the change, and return its id."""
    entry = wish_entry(wish.columns(), kind, command_id)
    (change_id,) = await write_changes(db, wish.practice_id, actor, now, [entry])
    return change_id
