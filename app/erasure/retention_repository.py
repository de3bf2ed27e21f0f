"""Delete notes, network addresses and finished notifications of a practice that are old."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.changes import Change, ChangeNote
from app.tables.joins import of_practice
from app.tables.move_requests import MoveRequest
from app.tables.notifications import Notification
from app.tables.practices import Practice


async def list_practices(db: AsyncConnection) -> list[UUID]:
    """List the ids of all practices."""
    return list(await db.scalars(select(Practice.practice_id).order_by(Practice.practice_id)))


async def delete_notes(db: AsyncConnection, practice_id: UUID, until: datetime) -> None:
    """Delete the notes of entries of the audit log, and of move requests, up to an instant."""
    await _keep_only(db, practice_id, until, "origin", ChangeNote.note.is_not(None))
    asked = of_practice(
        practice_id, MoveRequest, MoveRequest.answer_by <= until, MoveRequest.note.is_not(None)
    )
    await db.execute(update(MoveRequest).where(asked).values(note=None))


async def delete_origins(db: AsyncConnection, practice_id: UUID, until: datetime) -> None:
    """Delete the network addresses of entries of the audit log up to an instant."""
    await _keep_only(db, practice_id, until, "note", ChangeNote.origin.is_not(None))


async def delete_notifications(db: AsyncConnection, practice_id: UUID, until: datetime) -> None:
    """Delete the notifications that were sent, dropped or given up until an instant."""
    finished = of_practice(
        practice_id,
        Notification,
        Notification.status != "pending",
        Notification.finished_at <= until,
    )
    await db.execute(delete(Notification).where(finished))


async def _keep_only(
    db: AsyncConnection,
    practice_id: UUID,
    until: datetime,
    kept: str,
    condition: ColumnElement[bool],
) -> None:
    """Delete the rows of old entries that match, and write the part that is kept again.

    The service may not change these rows, only add and delete them.
    """
    entries = select(Change.id).where(of_practice(practice_id, Change, Change.at <= until))
    old = of_practice(practice_id, ChangeNote, ChangeNote.change_id.in_(entries), condition)
    part: Any = getattr(ChangeNote, kept)
    deleted = await db.execute(delete(ChangeNote).where(old).returning(ChangeNote.change_id, part))
    rows = [
        {"practice_id": practice_id, "change_id": change_id, kept: value}
        for change_id, value in deleted
        if value is not None
    ]
    if rows:
        await db.execute(insert(ChangeNote), rows)
