"""The expression that reads what a client has announced: that they cannot come."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, select

from app.tables.changes import Change, ChangeNote
from app.tables.joins import PRACTICE, of_practice


def absence_of(session: Any) -> ColumnElement[str]:  # noqa: ANN401 - the table, or an alias
    """Select the announced absence of a session's client as JSON text; null if there is none.

    `to_absence` (app/sessions/read/rows.py) parses it.
    """
    absence = func.json_build_array(
        Change.id, Change.at, Change.kind, Change.reason_code, ChangeNote.note
    )
    announced = (
        select(cast(absence, Text))
        .select_from(Change)
        .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
        .where(of_practice(PRACTICE, Change, Change.id == session.absence_change_id))
        .correlate(session)
        .scalar_subquery()
    )
    return case((session.absence_change_id.is_not(None), announced))
