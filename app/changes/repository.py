"""Statements that add to the audit log. Nothing here commits."""

from collections.abc import Mapping

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.changes.models import Change, ChangeNote
from app.database.writing import Write

_CHANGE = Write(insert(Change))
_NOTE = Write(insert(ChangeNote))


async def add_change(db: AsyncConnection, values: Mapping[str, object]) -> None:
    """Write an entry."""
    await _CHANGE.run(db, values)


async def add_note(db: AsyncConnection, values: Mapping[str, object]) -> None:
    """Write what can be erased of an entry: its note, and where it came from."""
    await _NOTE.run(db, values)
