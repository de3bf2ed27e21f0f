"""The expression that reads the end of a session that was cancelled or missed."""

from typing import Any

from sqlalchemy import ColumnElement, Text, case, cast, func, or_, select

from app.domain.session import Status
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, of_session
from app.tables.sessions import Fee, Refill


def end_of(session: Any) -> ColumnElement[str]:  # noqa: ANN401 - the table, or an alias
    """Select the end of a cancelled or missed session as JSON text; null for all others.

    `ended_of` (app/sessions/read/rows.py) parses it. It has the fee that the end caused, with its
    present state, and what became of the freed time. The history is only looked at if the session
    has ended.
    """
    end = func.json_build_array(
        Change.at,
        Change.actor,
        Fee.amount_minor,
        Fee.status,
        Change.credit,
        Refill.state,
    )
    latest = (
        select(cast(end, Text))
        .select_from(Change)
        .outerjoin(Fee, of_practice(PRACTICE, Fee, Fee.change_id == Change.id))
        .outerjoin(Refill, of_practice(PRACTICE, Refill, Refill.id == Change.id))
        .where(of_session(Change, session), Change.kind == session.status)
        .order_by(Change.session_version.desc())
        .limit(1)
        .correlate(session)
        .scalar_subquery()
    )
    has_ended = or_(session.status == Status.CANCELLED, session.status == Status.NOSHOW)
    return case((has_ended, latest))
