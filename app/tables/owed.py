"""The expression that reads the fees of a session, with what its client asks about them."""

from typing import Any

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from app.tables.joins import PRACTICE, of_practice, of_session
from app.tables.sessions import Fee
from app.tables.waivers import Waiver


def fees_of(session: Any) -> ColumnElement[str]:  # noqa: ANN401 - the table, or an alias
    """Select the fees of a session as JSON text, oldest first; null if there are none.

    `fees_from` (app/sessions/read/rows.py) parses it.
    """
    fee = func.json_build_array(
        Fee.id,
        Fee.amount_minor,
        Fee.currency,
        Fee.status,
        Fee.recorded_at,
        Fee.collect_after,
        Waiver.state,
        Waiver.asked_at,
        Waiver.answer_by,
        Waiver.ended_at,
    )
    return (
        select(cast(func.json_agg(aggregate_order_by(fee, Fee.recorded_at, Fee.id)), Text))
        .select_from(Fee)
        .outerjoin(Waiver, of_practice(PRACTICE, Waiver, Waiver.id == Fee.id))
        .where(of_session(Fee, session))
        .correlate(session)
        .scalar_subquery()
    )
