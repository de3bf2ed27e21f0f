"""The client's wish for an earlier time of a session, in the transaction of a command on it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, Uuid, bindparam, exists, null, or_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.audit.write import Actor, NewEntry, write_changes
from app.database.writing import Write
from app.tables.joins import of_practice
from app.tables.waitlist import Wish

_PRACTICE = bindparam("of_practice", type_=Uuid)
_SESSION = bindparam("of_session", type_=Uuid)
_INSTANT = DateTime(timezone=True)
_other = aliased(Wish)
_FOLLOW = Write(
    update(Wish).where(
        of_practice(
            _PRACTICE,
            Wish,
            Wish.session_id == _SESSION,
            Wish.starts_at == bindparam("old_start", type_=_INSTANT),
            Wish.ended_at.is_(None),
        )
    ),
    "starts_at",
)
_REOPEN = Write(
    update(Wish)
    .where(
        of_practice(
            _PRACTICE,
            Wish,
            Wish.session_id == _SESSION,
            Wish.state == "lapsed",
            Wish.starts_at == bindparam("start", type_=_INSTANT),
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
    .returning(Wish)
)


async def move_wish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    old_start: datetime,
    new_start: datetime,
) -> None:
    """Keep the wish for a session that the practice moves; one that has lapsed stays so.

    The caller holds the client's lock.
    """
    await _FOLLOW.run(
        db,
        {
            "of_practice": practice_id,
            "of_session": session_id,
            "old_start": old_start,
            "starts_at": new_start,
        },
    )


async def reopen_wish(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID,
    *,
    start: datetime,
    since: datetime,
    actor: Actor,
    now: datetime,
) -> None:
    """Let a wish wait again that a move or an end has ended, which its client takes back.

    `start` is the session's start again. Another one than the wish's: an earlier move has ended it.
    `since` is when the change was made. Does nothing if the client waits with another wish. The
    caller holds the client's lock.
    """
    asked = {
        "of_practice": practice_id,
        "of_session": session_id,
        "start": start,
        "since": since,
        "at": now,
    }
    for row in await _REOPEN.run(db, asked):
        await write_changes(db, practice_id, actor, now, [wish_entry(row, "resumed", None)])


def wish_entry(wish: Mapping[str, Any], kind: str, command_id: UUID | None) -> NewEntry:
    """Make the entry about a wish as it is after the change, of the values of its columns.

    `command_id` None: it is the only entry of its command.
    """
    until, first, last = wish["until"], wish["from_time"], wish["to_time"]
    details = {
        "client_id": str(wish["client_id"]),
        "session_id": _text(wish["session_id"]),
        "service_id": str(wish["service_id"]),
        "practitioner_id": _text(wish["practitioner_id"]),
        "group_id": _text(wish["group_id"]),
        "state": wish["state"],
        "paused": wish["paused_at"] is not None,
        "urgent": wish["urgent"],
        "until": None if until is None else until.isoformat(),
        "weekdays": list(wish["weekdays"]),
        "from_time": None if first is None else f"{first:%H:%M}",
        "to_time": None if last is None else f"{last:%H:%M}",
        "formats": list(wish["formats"]),
        "notice_hours": wish["notice_hours"],
    }
    return NewEntry("wish", wish["id"], kind, None, command_id, {"details": details})


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
