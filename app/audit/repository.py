"""Statements that add to the audit log. Nothing here commits."""

from collections.abc import Mapping

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.writing import Write
from app.tables.changes import Change, ChangeNote

_CHANGE = Write(insert(Change))
_NO_FACTS = {column.name: None for column in Change.__table__.columns if column.nullable}
_NOTE = Write(insert(ChangeNote))


async def add_change(db: AsyncConnection, values: Mapping[str, object]) -> None:
    """Write an entry. Columns that may be null and are not named are null."""
    await _CHANGE.run(db, _NO_FACTS | dict(values))


async def add_note(db: AsyncConnection, values: Mapping[str, object]) -> None:
    """Write what can be erased of an entry: its note, and where it came from."""
    await _NOTE.run(db, values)
