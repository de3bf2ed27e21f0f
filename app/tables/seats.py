"""The expressions that count the seats of a group."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import aliased

from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.sessions import Session

_SEAT = aliased(Session)


def seats_taken(group: Any) -> ColumnElement[int]:  # noqa: ANN401 - the table, or an alias of it
    """Count the seats of a group that are taken: booked, fulfilled or missed."""
    return (
        select(func.count(_SEAT.seat))
        .where(of_practice(PRACTICE, _SEAT, _SEAT.group_id == group.id, _SEAT.seat.is_not(None)))
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


def seats_of_group(group_id: Any) -> ColumnElement[Sequence[int]]:  # noqa: ANN401 - a column
    """Give the number of seats of a group, and how many of them are free; null without a group.

    A join with the groups would take twice as long for the sessions that have none.
    """
    counts = (
        select(array([Group.seats, seats_left(Group)]))
        .where(referred(Group, group_id))
        .scalar_subquery()
    )
    return case((group_id.is_not(None), counts))
