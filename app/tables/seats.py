"""The expressions that count the seats of a group."""

from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import aliased

from app.tables.joins import PRACTICE, of_practice
from app.tables.sessions import Session


def seats_taken(group: Any) -> ColumnElement[int]:  # noqa: ANN401 - the table, or an alias of it
    """Count the seats of a group that are taken: booked, fulfilled or missed."""
    seat = aliased(Session)
    return (
        select(func.count(seat.seat))
        .where(of_practice(PRACTICE, seat, seat.group_id == group.id, seat.seat.is_not(None)))
        .correlate(group)
        .scalar_subquery()
    )


def seats_left(group: Any) -> ColumnElement[int]:  # noqa: ANN401 - the table, or an alias of it
    """Count the free seats of a group. A cancelled group has none; no group: null.

    Seats are counted only where there is a group.
    """
    return case(
        (group.status == "scheduled", group.seats - seats_taken(group)),
        (group.status == "cancelled", 0),
    )
