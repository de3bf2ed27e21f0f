"""Read the scheduled groups of a service and a practitioner, with their free seats."""

from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import ColumnElement, Text, bindparam, case, cast, func, or_, select

from app.calendar.statements import AS_PARAMETERS, SINCE, UNTIL, client_time, seconds_of
from app.database.statements import Read
from app.domain.groups import GroupSlot
from app.domain.session import Format
from app.tables.groups import Group
from app.tables.held import seats_held
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.practices import Location, Practitioner
from app.tables.seats import seats_left
from app.tables.sessions import Session


def groups_column(service_id: Any, practitioner_id: Any, own_id: Any) -> ColumnElement[str]:  # noqa: ANN401 - columns or parameters
    """Aggregate the groups that start from `since` to `until`, as JSON text.

    Seats that `own_id` holds are not counted as held.

    Groups at inactive locations are left out: nothing is booked there (product.md section 10).
    """
    row = func.json_build_array(
        seconds_of(Group.starts_at, func.floor),
        seconds_of(Group.ends_at, func.ceil),
        Group.location_id,
        Group.id,
        seats_left(Group),
        seats_held(Group, own_id),
        Group.format,
    )
    return (
        select(cast(func.json_agg(row), Text))
        .select_from(Group)
        .outerjoin(Location, referred(Location, Group.location_id))
        .where(
            of_practice(
                PRACTICE,
                Group,
                Group.service_id == service_id,
                Group.practitioner_id == practitioner_id,
                Group.status == "scheduled",
                Group.starts_at >= SINCE,
                Group.starts_at < UNTIL,
                or_(Group.location_id.is_(None), Location.active),
            )
        )
        .correlate(Session)
        .scalar_subquery()
    )


# The groups of an active practitioner, and the time that the client's other sessions take.
GROUPS = Read(
    select(
        case(
            (
                Practitioner.active,
                groups_column(
                    bindparam("service_id"), bindparam("practitioner_id"), bindparam("own_id")
                ),
            )
        ).label("groups"),
        client_time(AS_PARAMETERS),
    ).where(of_practice(PRACTICE, Practitioner, Practitioner.id == bindparam("practitioner_id")))
)


def to_group_slots(text: str | None, *, takes_held: bool = False) -> list[GroupSlot]:
    """Turn `groups_column` into slots. Held seats are not free, unless the caller takes them."""
    return [
        GroupSlot(
            start,
            end,
            None if location_id is None else UUID(location_id),
            UUID(group_id),
            left if takes_held else max(left - held, 0),
            Format(format_),
        )
        for start, end, location_id, group_id, left, held, format_ in orjson.loads(text or "[]")
    ]
