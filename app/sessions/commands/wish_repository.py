"""The client's wish for an earlier time of a session, in the transaction of a command on it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, exists, null, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import Actor, write_change
from app.database.writing import Write
from app.tables.joins import of_practice
from app.tables.waitlist import Wish

_PRACTICE = bindparam("of_practice", type_=Uuid)
_SESSION = bindparam("of_session", type_=Uuid)
_INSTANT = DateTime(timezone=True)
_other = aliased(Wish)
_REOPEN = Write(
    update(Wish)
    .where(
        of_practice(
            _PRACTICE,
            Wish,
            Wish.session_id == _SESSION,
            Wish.state == "lapsed",
            Wish.ended_at >= bindparam("since", type_=_INSTANT),
            or_(Wish.until.is_(None), Wish.until >= bindparam("at", type_=_INSTANT)),
            ~exists().where(
                of_practice(
                    _PRACTICE, _other, _other.session_id == _SESSION, _other.ended_at.is_(None)
                )
            ),
        )
    )
    .values(state="waiting", ended_at=null())
    .returning(Wish.id)
)


async def reopen_wish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    since: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Let a wish wait again that has lapsed since its client's change, which they take back.

    Does nothing if the client waits with another wish. The caller holds the client's lock.
    """
    asked = {"of_practice": practice_id, "of_session": session_id, "since": since, "at": now}
    for row in await _REOPEN.run(db, asked):
        await write_change(
            db,
            practice_id,
            actor,
            now,
            subject="wish",
            subject_id=row["id"],
            kind="resumed",
            details={"session_id": str(session_id), "state": "waiting"},
        )
