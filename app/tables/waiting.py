"""The expression that tells whether anybody waits for such a time as that of a session."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_

from app.domain.session import Status
from app.tables.joins import PRACTICE, of_practice
from app.tables.waitlist import Wish


def is_waited_for(session: Any) -> ColumnElement[bool]:  # noqa: ANN401 - the table, or an alias
    """Tell whether other clients wait for the practitioner, or for the service with any of them.

    Whether the session's time suits them is not compared. Null if the session is not booked.
    """
    waits = (
        exists()
        .where(
            of_practice(
                PRACTICE,
                Wish,
                Wish.ended_at.is_(None),
                Wish.paused_at.is_(None),
                Wish.group_id.is_(None),
                Wish.client_id != session.client_id,
                or_(
                    Wish.practitioner_id == session.practitioner_id,
                    and_(Wish.practitioner_id.is_(None), Wish.service_id == session.service_id),
                ),
            )
        )
        .correlate(session)
    )
    return case((session.status == Status.BOOKED, waits))
