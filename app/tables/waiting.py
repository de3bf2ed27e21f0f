"""The expression that tells whether anybody waits for such a time as that of a session."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, or_

from app.domain.session import Status
from app.tables.joins import PRACTICE, of_practice
from app.tables.waitlist import Wish


def is_waited_for(session: Any) -> ColumnElement[bool]:  # noqa: ANN401 - the table, or an alias
    """Tell whether other clients wait for the practitioner, or for the service with any of them.

    For a seat: for its group, or for the service with the practitioner or any of them. Whether the
    session's time suits them is not compared. Null if the session is not booked.
    """
    with_practitioner = Wish.practitioner_id == session.practitioner_id
    with_anybody = Wish.practitioner_id.is_(None)
    for_service = Wish.service_id == session.service_id
    for_time = _waits(
        session,
        Wish.group_id.is_(None),
        or_(with_practitioner, and_(with_anybody, for_service)),
    )
    for_seat = _waits(
        session,
        or_(Wish.group_id.is_(None), Wish.group_id == session.group_id),
        for_service,
        or_(with_practitioner, with_anybody),
    )
    is_booked = session.status == Status.BOOKED
    return case(
        (and_(is_booked, session.group_id.is_(None)), for_time),
        (is_booked, for_seat),
    )


def _waits(
    session: Any,  # noqa: ANN401 - the table, or an alias
    *conditions: ColumnElement[bool],
) -> ColumnElement[bool]:
    """Tell whether another client than the session's has a wish that meets the conditions."""
    return (
        exists()
        .where(
            of_practice(
                PRACTICE,
                Wish,
                Wish.ended_at.is_(None),
                Wish.paused_at.is_(None),
                Wish.client_id != session.client_id,
                *conditions,
            )
        )
        .correlate(session)
    )
