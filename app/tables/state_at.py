"""Expressions that read how a session was at an instant, from the entries of its history."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, select

from app.tables.changes import Change
from app.tables.joins import of_practice
from app.tables.sessions import Session


def entries_until(practice_id: UUID, at: datetime) -> ColumnElement[bool]:
    """Make the condition for the entries about the session itself until an instant."""
    return of_practice(
        practice_id,
        Change,
        Change.session_id == Session.id,
        Change.subject == "session",
        Change.at <= at,
    )


def state_at(practice_id: UUID, at: datetime) -> FromClause:
    """Select the kind and the time of a session's latest entry at an instant, to be joined."""
    return (
        select(Change.kind, Change.starts_at, Change.ends_at)
        .where(entries_until(practice_id, at))
        .order_by(Change.session_version.desc())
        .limit(1)
        .lateral("last")
    )
