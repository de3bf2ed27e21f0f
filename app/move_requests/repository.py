"""Write move requests of one practice, in the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_sessions
from app.move_requests.records import NewMoveRequest
from app.sessions.read.records import SessionRecord
from app.tables.joins import of_practice
from app.tables.move_requests import MoveRequest, MoveRequestSession


class MoveRequestRepository:
    """Reads and writes for move requests of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id

    async def add(
        self,
        request_id: UUID,
        new: NewMoveRequest,
        sessions: Sequence[SessionRecord],
        now: datetime,
    ) -> None:
        """Insert a request, open for each session. The caller holds the sessions' locks."""
        await self._db.execute(
            insert(MoveRequest).values(
                practice_id=self._practice_id,
                id=request_id,
                note=new.note,
                answer_by=new.answer_by,
                meanwhile=new.meanwhile,
                asked_at=now,
            )
        )
        rows: list[dict[str, Any]] = [
            {
                "practice_id": self._practice_id,
                "move_request_id": request_id,
                "session_id": record.id,
                "state": "asked",
                "starts_at": record.starts_at,
                "proposals": [start.isoformat() for start in new.proposals.get(record.id, ())],
            }
            for record in sessions
        ]
        await self._db.execute(insert(MoveRequestSession), rows)

    async def lock_all_sessions(self, request_id: UUID) -> list[UUID]:
        """Lock all sessions of a request, and give their ids.

        Also those whose clients have answered: one who takes that back opens the request again for
        their session.

        Raises:
            NotFoundError: the practice has no such request.
        """
        found = await self._db.scalars(
            select(MoveRequestSession.session_id).where(self._of(request_id))
        )
        session_ids = list(found.all())
        await lock_sessions(self._db, self._practice_id, session_ids)
        return session_ids

    async def close(
        self,
        request_id: UUID,
        session_ids: Sequence[UUID],
        state: Literal["kept", "withdrawn"],
        now: datetime,
    ) -> list[UUID]:
        """End the request for those of the sessions for which it is open, and give their ids.

        The caller holds their locks.
        """
        ended = await self._db.scalars(
            update(MoveRequestSession)
            .where(
                self._of(
                    request_id,
                    MoveRequestSession.state == "asked",
                    MoveRequestSession.session_id.in_(session_ids),
                )
            )
            .values(state=state, answered_at=now)
            .returning(MoveRequestSession.session_id)
        )
        return list(ended.all())

    async def close_former(self, session_ids: Sequence[UUID], now: datetime) -> None:
        """Record of the requests that are over for these sessions that nobody has answered.

        The caller holds the sessions' locks.
        """
        await self._db.execute(
            update(MoveRequestSession)
            .where(
                of_practice(
                    self._practice_id,
                    MoveRequestSession,
                    MoveRequestSession.state == "asked",
                    MoveRequestSession.session_id.in_(session_ids),
                )
            )
            .values(state="kept", answered_at=now)
        )

    async def end(
        self, request_id: UUID, how: Literal["told_at", "withdrawn_at"], now: datetime
    ) -> bool:
        """Record when a request ended. False: it has ended already, or is just ended by another.

        The row stays locked until the caller's transaction ends.
        """
        ended = await self._db.execute(
            update(MoveRequest)
            .where(
                of_practice(
                    self._practice_id,
                    MoveRequest,
                    MoveRequest.id == request_id,
                    MoveRequest.told_at.is_(None),
                    MoveRequest.withdrawn_at.is_(None),
                )
            )
            .values({how: now})
            .returning(MoveRequest.id)
        )
        return ended.first() is not None

    def _of(self, request_id: UUID, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
        of_request = MoveRequestSession.move_request_id == request_id
        return of_practice(self._practice_id, MoveRequestSession, of_request, *conditions)
