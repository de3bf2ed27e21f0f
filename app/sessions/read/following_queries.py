"""Read a session together with the sessions that follow it in its series."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, and_, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.calendar.locks import lock_sessions
from app.database.statements import Read, Source
from app.domain.errors import NotFoundError
from app.identity.tokens.access import Caller
from app.sessions.read.queries import Viewer, read_rows
from app.sessions.read.records import SessionRecord
from app.sessions.read.rows import to_record
from app.sessions.read.statements import OneSession, details_of
from app.tables.joins import PRACTICE, of_practice
from app.tables.own_session import ABOUT_CLIENT
from app.tables.practices import Client
from app.tables.sessions import Session


def _following_ids() -> Select[Any]:
    """Select the ids of the session that is asked for, and of those that follow in its series."""
    named, other = aliased(Session), aliased(Session)
    follows = and_(
        other.series_id == named.series_id, other.series_position >= named.series_position
    )
    return (
        select(other.id)
        .select_from(named)
        .join(other, of_practice(PRACTICE, other, or_(other.id == named.id, follows)))
        .where(of_practice(PRACTICE, named, named.id == bindparam("session_id")))
    )


_IDS = Read(_following_ids())
_FOUND = details_of(
    of_practice(PRACTICE, Session, Session.client_id == Client.id, Session.id.in_(_following_ids()))
).order_by(Session.series_position)
_FOLLOWING = OneSession(
    Read(_FOUND.where(ABOUT_CLIENT)),
    Read(_FOUND.where(of_practice(PRACTICE, Client, Session.id.is_not(None)))),
)


_SEVERAL = Read(
    details_of(
        of_practice(
            PRACTICE,
            Session,
            Session.client_id == Client.id,
            Session.id == func.any(bindparam("session_ids", type_=ARRAY(Uuid))),
        )
    )
    .where(of_practice(PRACTICE, Client, Session.id.is_not(None)))
    .order_by(Session.starts_at, Session.id)
)


async def read_several(
    db: Source, practice_id: UUID, session_ids: Sequence[UUID]
) -> list[SessionRecord]:
    """Read sessions of a practice in one statement, soonest first; unknown ids are left out."""
    asked = {"practice_id": practice_id, "session_ids": list(session_ids)}
    return [to_record(row) for row in await _SEVERAL.rows(db, asked)]


async def read_following(db: Source, viewer: Viewer, session_id: UUID) -> Sequence[SessionRecord]:
    """Read a session and those that follow it in its series, by position.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    return [to_record(row) for row in await read_rows(db, _FOLLOWING, viewer, session_id)]


async def lock_following(
    db: AsyncConnection, viewer: Viewer, session_id: UUID
) -> Sequence[SessionRecord]:
    """Lock a session and those that follow it in its series, then read them.

    A session never leaves its series, and none is added to it later.

    Raises:
        UnauthorizedError: the client's token was revoked.
        NotFoundError: there is no such session for this viewer.
    """
    if isinstance(viewer, Caller):
        practice_id, client_id = viewer.practice_id, viewer.client_id
    else:
        practice_id, client_id = viewer, None
    found = await _IDS.rows(db, {"practice_id": practice_id, "session_id": session_id})
    if not found:
        raise NotFoundError
    await lock_sessions(db, practice_id, [row["id"] for row in found], client_id=client_id)
    return await read_following(db, viewer, session_id)
