"""Reads the data of a webhook event."""

from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, bindparam, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.statements import Read
from app.tables.changes import Change
from app.tables.groups import Group
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.notifications import Notification
from app.tables.practices import Client, Location, Practice, Practitioner, Service
from app.tables.sessions import Fee, Session
from app.tables.waitlist import Offer
from app.tables.webhooks import WebhookEndpoint

# A row whose columns are attributes.
EventRow = SimpleNamespace


def _ids_and_refs(**tables: Any) -> list[Any]:  # noqa: ANN401 - tables
    """Label the id and the reference of each record: `service_id`, `service_ref`."""
    return [
        column.label(f"{name}_{part}")
        for name, table in tables.items()
        for part, column in (("id", table.id), ("ref", table.external_ref))
    ]


_FACTS = (
    Change.kind,
    Change.session_version,
    Change.starts_at,
    Change.ends_at,
    Change.format,
    Change.location_id,
)
# What each webhook says of a notification, its endpoint and its change.
_ANY_EVENT = (
    Notification.practice_id,
    Notification.id.label("notification_id"),
    Notification.kind.label("event"),
    Notification.endpoint_id,
    WebhookEndpoint.url,
    WebhookEndpoint.secret,
    and_(WebhookEndpoint.active, Practice.closed_at.is_(None)).label("active"),
    WebhookEndpoint.include_reason,
    WebhookEndpoint.failures,
    Change.id.label("change_id"),
    Change.command_id,
    Change.actor,
    Change.at,
    Change.reason_code,
    Change.old_starts_at,
    Change.old_ends_at,
    Change.old_format,
    Change.old_location_id,
)
_EVENT = (
    *_ANY_EVENT,
    Notification.session_id,
    Change.details,
    Change.subject,
    Change.credit,
    *_FACTS,
    Fee.id.label("fee_id"),
    Fee.amount_minor,
    Fee.collect_after,
    Fee.currency.label("fee_currency"),
    Session.external_ref.label("session_ref"),
    Location.external_ref.label("location_ref"),
    # What the client had said at the time of the change, if nothing has changed since.
    case(
        (
            and_(
                Session.version == Change.session_version,
                Session.confirmed_at <= Change.at,
            ),
            Session.confirmed_at,
        )
    ).label("confirmed_at"),
    *_ids_and_refs(service=Service, practitioner=Practitioner, client=Client),
)
_GROUP_EVENT = (
    *_ANY_EVENT,
    Change.details,
    *_ids_and_refs(group=Group, service=Service, practitioner=Practitioner),
)

_OFFER_EVENT = (
    *_ANY_EVENT,
    Change.details,
    Offer.id.label("offer_id"),
    Offer.wish_id,
    Offer.session_id.label("offered_session_id"),
    Offer.group_id.label("offered_group_id"),
    Offer.location_id.label("offered_location_id"),
    Session.external_ref.label("session_ref"),
    *_ids_and_refs(service=Service, practitioner=Practitioner, client=Client),
)


def _notified(columns: tuple[Any, ...]) -> Select[*tuple[Any, ...]]:
    """Select a notification with its change, its practice and its endpoint."""
    return (
        select(*columns)
        .select_from(Notification)
        .join(Change, referred(Change, Notification.change_id))
        .join(Practice, of_practice(PRACTICE, Practice))
        .join(WebhookEndpoint, referred(WebhookEndpoint, Notification.endpoint_id))
        .where(of_practice(PRACTICE, Notification, Notification.id == bindparam("notification_id")))
    )


_OF_SESSION = Read(
    _notified(_EVENT)
    .join(Session, referred(Session, Notification.session_id))
    .join(Service, referred(Service, Session.service_id))
    .join(Practitioner, referred(Practitioner, Session.practitioner_id))
    .join(Client, referred(Client, Session.client_id))
    .outerjoin(Location, referred(Location, Change.location_id))
    .outerjoin(
        Fee,
        of_practice(
            PRACTICE,
            Fee,
            # The fee that the change is about, or the fee that the change caused.
            (Fee.change_id == Change.id)
            | and_(Change.subject == "fee", Fee.id == Change.subject_id),
        ),
    )
)
_OF_GROUP = Read(
    _notified(_GROUP_EVENT)
    .join(Group, referred(Group, Change.subject_id))
    .join(Service, referred(Service, Group.service_id))
    .join(Practitioner, referred(Practitioner, Group.practitioner_id))
    .where(Change.subject == "group")
)
_OF_OFFER = Read(
    _notified(_OFFER_EVENT)
    .join(Offer, referred(Offer, Change.subject_id))
    .join(Service, referred(Service, Offer.service_id))
    .join(Practitioner, referred(Practitioner, Offer.practitioner_id))
    .join(Client, referred(Client, Offer.client_id))
    .outerjoin(Session, referred(Session, Offer.session_id))
    .where(Change.subject == "offer")
)


async def read_events(
    db: AsyncConnection, ids: Sequence[tuple[UUID, UUID]]
) -> dict[tuple[UUID, UUID], EventRow]:
    """Read notifications for webhooks about sessions, given by practice and id.

    Each with its change, its endpoint and the session's records.
    """
    rows = await _OF_SESSION.rows_for_each(db, [_named(*one) for one in ids])
    return {(row["practice_id"], row["notification_id"]): EventRow(**row) for row in rows}


async def read_group_event(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> EventRow | None:
    """Read a notification for a webhook about a group, with its change and the group's records."""
    return await _read(db, _OF_GROUP, practice_id, notification_id)


async def read_offer_event(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> EventRow | None:
    """Read a notification for a webhook about an offer, with its change and the offer's records."""
    return await _read(db, _OF_OFFER, practice_id, notification_id)


async def _read(
    db: AsyncConnection, statement: Read, practice_id: UUID, notification_id: UUID
) -> EventRow | None:
    row = await statement.one(db, _named(practice_id, notification_id))
    return None if row is None else EventRow(**row)


def _named(practice_id: UUID, notification_id: UUID) -> dict[str, UUID]:
    return {"practice_id": practice_id, "notification_id": notification_id}


async def read_session_at(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, at: datetime
) -> EventRow:
    """Read the state of a session at an instant, from its latest change until then."""
    wanted = (
        select(*_FACTS)
        .where(
            Change.practice_id == practice_id,
            Change.session_id == session_id,
            Change.subject == "session",
            Change.at <= at,
        )
        .order_by(Change.session_version.desc(), Change.at.desc())
        .limit(1)
    )
    return EventRow(**(await db.execute(wanted)).mappings().one())


async def location_ref(
    db: AsyncConnection, practice_id: UUID, location_id: UUID | None
) -> str | None:
    """Read a location's `external_ref`; None if it has none, or if there is no location."""
    if location_id is None:
        return None
    found: str | None = await db.scalar(
        select(Location.external_ref).where(
            Location.practice_id == practice_id, Location.id == location_id
        )
    )
    return found
