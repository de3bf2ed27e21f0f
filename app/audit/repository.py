"""Statements that add to the audit log. Nothing here commits."""

from collections.abc import Mapping, Sequence

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.tables.changes import Change, ChangeNote

_CHANGE = Write(insert(Change))
_NO_FACTS = {column.name: None for column in Change.__table__.columns if column.nullable}
_NOTE = Write(insert(ChangeNote))


async def add_changes(db: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert entries. Nullable columns that are not in a row are null."""
    await _CHANGE.run_for_each(db, [_NO_FACTS | dict(row) for row in rows])


async def add_notes(db: AsyncConnection, rows: Sequence[Mapping[str, object]]) -> None:
    """Insert the parts of entries that can be erased: notes and network addresses."""
    await _NOTE.run_for_each(db, rows)
