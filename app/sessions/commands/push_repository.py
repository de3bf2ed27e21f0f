"""Read and write the last push of a session, and read who has moved the session since."""

from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.changes import Change
from app.tables.sessions import Session


class PushRepository:
    """The last push of each session of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def read_last(self, session_id: UUID) -> dict[str, Any]:
        """Read the values of the last push, with the session's version then; empty: none."""
        pushed: dict[str, Any] | None = await self._db.scalar(
            select(Session.pushed).where(
                Session.practice_id == self._practice_id, Session.id == session_id
            )
        )
        return pushed or {}

    async def save(self, session_id: UUID, pushed: dict[str, Any]) -> None:
        """Store the values of a push, for comparison with the next one. The version stays."""
        await self._db.execute(
            update(Session)
            .where(Session.practice_id == self._practice_id, Session.id == session_id)
            .values(pushed=pushed)
        )

    async def last_mover(self, session_id: UUID, *, after_version: int) -> str | None:
        """Give the kind of the actor who last changed time or format after that version."""
        return await self._db.scalar(
            select(Change.actor)
            .where(
                Change.practice_id == self._practice_id,
                Change.session_id == session_id,
                Change.kind.in_(("rescheduled", "format_changed")),
                Change.session_version > after_version,
            )
            .order_by(Change.session_version.desc())
            .limit(1)
        )
