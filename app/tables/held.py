"""Expressions about holds: the hold of a session, and the held seats of a group."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, DateTime, Text, bindparam, cast, func, select

from app.tables.held_times import HeldTime
from app.tables.joins import PRACTICE, of_practice, of_session

# The instant of the request, as a parameter of statements that are compiled once.
NOW: BindParameter[datetime] = bindparam("now", type_=DateTime(timezone=True))


def hold_of(session: Any) -> ColumnElement[str]:  # noqa: ANN401 - the table, or an alias
    """Select the last hold of a session, as JSON text; null if there is none.

    It may have expired: `to_hold` (app/sessions/read/rows.py) parses it, and the reader compares.
    """
    hold = func.json_build_array(
        HeldTime.starts_at,
        HeldTime.format,
        HeldTime.location_id,
        HeldTime.group_id,
        HeldTime.expires_at,
    )
    return (
        select(cast(hold, Text))
        .where(of_session(HeldTime, session))
        .correlate(session)
        .scalar_subquery()
    )


def seats_held(group: Any, own_id: Any) -> ColumnElement[int]:  # noqa: ANN401 - table and id
    """Count the seats of a group that are held now, but not by the session `own_id`."""
    return (
        select(func.count())
        .select_from(HeldTime)
        .where(
            of_practice(
                PRACTICE,
                HeldTime,
                HeldTime.group_id == group.id,
                HeldTime.expires_at > NOW,
                HeldTime.session_id.is_distinct_from(own_id),
            )
        )
        .correlate(group)
        .scalar_subquery()
    )
