"""Reads who has not answered a move request, when the mail about it is sent."""

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.notifications.mail.data import UnansweredMailData, UnansweredSession
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.move_requests import MoveRequest, MoveRequestSession
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice, Practitioner, Service
from app.tables.sessions import Session

_REQUEST = (
    select(Practice.name, Practice.email, MoveRequest.id, MoveRequest.meanwhile)
    .select_from(Notification)
    .join(Change, referred(Change, Notification.change_id))
    .join(MoveRequest, referred(MoveRequest, Change.subject_id))
    .join(Practice, of_practice(PRACTICE, Practice))
    .where(
        of_practice(
            PRACTICE,
            Notification,
            Notification.id == bindparam("notification_id"),
            Change.subject == "move_request",
            Notification.recipient == "practice",
        )
    )
)
_SESSIONS = (
    select(
        Client.name.label("client"),
        Service.name.label("service_name"),
        Practitioner.name.label("practitioner"),
        Practitioner.time_zone,
        Session.starts_at,
        Session.ends_at,
    )
    .select_from(MoveRequestSession)
    .join(Session, referred(Session, MoveRequestSession.session_id))
    .join(Client, referred(Client, Session.client_id))
    .join(Service, referred(Service, Session.service_id))
    .join(Practitioner, referred(Practitioner, Session.practitioner_id))
    .where(
        of_practice(
            PRACTICE,
            MoveRequestSession,
            MoveRequestSession.move_request_id == bindparam("request_id"),
            MoveRequestSession.state == "kept",
        )
    )
    .order_by(Session.starts_at, Session.id)
)


async def load_unanswered_mail_data(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> UnansweredMailData | None:
    """Read the data of a mail about a move request; None if there is no such notification."""
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = (await db.execute(_REQUEST, ids)).one_or_none()
    if row is None:
        return None
    of_request = {"practice_id": practice_id, "request_id": row.id}
    sessions = (await db.execute(_SESSIONS, of_request)).all()
    return UnansweredMailData(
        notification_id,
        row.name,
        row.email,
        row.id,
        row.meanwhile == "cancel",
        tuple(
            UnansweredSession(
                one.client,
                one.service_name,
                one.practitioner,
                one.starts_at,
                one.ends_at,
                ZoneInfo(one.time_zone),
            )
            for one in sessions
        ),
    )
