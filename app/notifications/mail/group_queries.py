"""Reads what a mail about a group says, when the mail is sent."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Row, Select, Uuid, bindparam, cast, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from app.domain.session import Format
from app.mail.look_queries import IS_LOGO, LOOK_COLUMNS, to_look
from app.notifications.mail.data import GroupMailData, Meeting, Party, Seats, place_of, zone_of
from app.tables.changes import Change, ChangeNote
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.notifications import Notification
from app.tables.pictures import Picture
from app.tables.practices import Client, Location, Practice, Practitioner, Service
from app.tables.seats import seats_taken
from app.tables.sessions import Session


async def load_group_mail_data(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> GroupMailData | None:
    """Read the data of a mail about a group; None if there is no such notification."""
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = (await db.execute(_STATEMENT, ids)).one_or_none()
    if row is None:
        return None
    of_command = {"practice_id": practice_id, "command_id": row.command_id}
    clients = (await db.execute(_CLIENTS, of_command)).all()
    return _group_mail_data(row, tuple((client.name, client.kind) for client in clients))


_old_place = aliased(Location)


def _statement() -> Select[Any]:
    old_location_id = cast(Change.details["before"]["location_id"].astext, Uuid)
    return (
        select(*_columns())
        .select_from(Notification)
        .join(Change, referred(Change, Notification.change_id))
        .join(Group, referred(Group, Change.subject_id))
        .join(Practice, of_practice(PRACTICE, Practice))
        .outerjoin(Picture, IS_LOGO)
        .join(Practitioner, referred(Practitioner, Group.practitioner_id))
        .join(Service, referred(Service, Group.service_id))
        .outerjoin(Location, referred(Location, Group.location_id))
        .outerjoin(_old_place, referred(_old_place, old_location_id))
        .outerjoin(ChangeNote, of_practice(PRACTICE, ChangeNote, ChangeNote.change_id == Change.id))
        .where(
            of_practice(
                PRACTICE,
                Notification,
                Notification.id == bindparam("notification_id"),
                Change.subject == "group",
            )
        )
    )


def _columns() -> list[Any]:
    return [
        Notification.id.label("notification_id"),
        Notification.kind,
        Notification.starts_at.label("about"),
        Practice.name.label("practice_name"),
        Practice.email.label("practice_email"),
        *LOOK_COLUMNS,
        Service.name.label("service_name"),
        Practitioner.name.label("practitioner_name"),
        Practitioner.email.label("practitioner_email"),
        Practitioner.phone.label("practitioner_phone"),
        Practitioner.time_zone,
        Practitioner.locale,
        Group.id.label("group_id"),
        Group.status,
        Group.calendar_sequence,
        Group.starts_at,
        Group.ends_at,
        Group.format,
        Group.join_url,
        Group.instructions,
        Group.seats,
        Group.min_seats,
        Location.name.label("place_name"),
        Location.address.label("place_address"),
        Location.time_zone.label("place_zone"),
        _old_place.name.label("old_place_name"),
        _old_place.address.label("old_place_address"),
        _old_place.time_zone.label("old_place_zone"),
        seats_taken(Group).label("seats_taken"),
        Change.command_id,
        Change.actor,
        Change.details["before"].label("before"),
        Change.details["cancels"].label("cancels"),
        ChangeNote.note,
    ]


_STATEMENT = _statement()
# The clients whose seats a command changed, with the kind of the change.
_CLIENTS = (
    select(Client.name, Change.kind)
    .select_from(Change)
    .join(Session, referred(Session, Change.session_id))
    .join(Client, referred(Client, Session.client_id))
    .where(of_practice(PRACTICE, Change, Change.command_id == bindparam("command_id")))
    .order_by(Client.name, Session.id)
)


def _group_mail_data(row: Row[Any], clients: tuple[tuple[str, str], ...]) -> GroupMailData:
    return GroupMailData(
        notification_id=row.notification_id,
        group_id=row.group_id,
        kind=row.kind,
        starts_at=row.about,
        practice_name=row.practice_name,
        practice_email=row.practice_email,
        look=to_look(row._mapping),  # noqa: SLF001 - SQLAlchemy's documented name
        service_name=row.service_name,
        practitioner=Party(
            row.practitioner_name,
            row.practitioner_email or row.practice_email,
            row.practitioner_phone,
            ZoneInfo(row.time_zone),
            row.locale,
        ),
        present=Meeting(
            row.starts_at,
            row.ends_at,
            Format(row.format),
            place_of(row.place_name, row.place_address),
            row.join_url,
            row.instructions,
            zone_of(Format(row.format), row.place_zone, row.time_zone),
        ),
        is_cancelled=row.status == "cancelled",
        calendar_sequence=row.calendar_sequence,
        seats=Seats(row.seats_taken, row.seats, row.min_seats),
        before=_before(row),
        actor=row.actor,
        note=row.note,
        clients=clients,
        cancels=bool(row.cancels),
    )


def _before(row: Row[Any]) -> Meeting | None:
    """Return time, format and location before a move, from the details of its audit log entry."""
    if row.before is None:
        return None
    kind = Format(row.before["format"])
    return Meeting(
        datetime.fromisoformat(row.before["starts_at"]),
        datetime.fromisoformat(row.before["ends_at"]),
        kind,
        place_of(row.old_place_name, row.old_place_address),
        join_url=None,
        instructions=None,
        zone=zone_of(kind, row.old_place_zone, row.time_zone),
    )
