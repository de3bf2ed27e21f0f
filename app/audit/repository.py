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
    """Insert an entry. Nullable columns that are not in `values` are null."""
    await _CHANGE.run(db, _NO_FACTS | dict(values))


async def add_note(db: AsyncConnection, values: Mapping[str, object]) -> None:
    """Insert the parts of an entry that can be erased: its note and network address."""
    await _NOTE.run(db, values)
