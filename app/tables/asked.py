"""The expression that reads the open move request of a session."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select

from app.tables.joins import of_session, referred
from app.tables.move_requests import MoveRequest, MoveRequestSession


def open_request_of(session: Any) -> ColumnElement[str]:  # noqa: ANN401 - the table, or an alias
    """Select the open move request of a session, as JSON text; null if there is none.

    `to_asked` (app/sessions/read/rows.py) parses it. A subquery costs a session that has no request
    one look into a small index; joins would cost it two.
    """
    request = func.json_build_array(
        MoveRequest.id,
        MoveRequest.note,
        MoveRequest.answer_by,
        MoveRequest.meanwhile,
        MoveRequestSession.proposals,
    )
    return (
        select(cast(request, Text))
        .select_from(MoveRequestSession)
        .join(MoveRequest, referred(MoveRequest, MoveRequestSession.move_request_id))
        .where(of_session(MoveRequestSession, session), MoveRequestSession.state == "asked")
        .correlate(session)
        .scalar_subquery()
    )
