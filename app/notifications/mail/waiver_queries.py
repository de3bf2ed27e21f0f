"""Reads the question of a mail that asks a practitioner to waive a fee, when it is sent."""

from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.waiver import Question
from app.identity.tokens.waiver import WaiverLink, mark_of
from app.notifications.mail.data import AskedWaiver
from app.tables.changes import Change
from app.tables.joins import PRACTICE, of_practice, referred
from app.tables.notifications import Notification
from app.tables.practices import Practice, Practitioner
from app.tables.sessions import Session
from app.tables.waivers import Waiver

_STATEMENT = (
    select(
        Waiver.id,
        Waiver.state,
        Waiver.asked_at,
        Waiver.answer_by,
        Waiver.ended_at,
        Session.link_generation,
        Practitioner.email,
        Practice.email.label("practice_email"),
    )
    .select_from(Notification)
    .join(Change, referred(Change, Notification.change_id))
    .join(Waiver, referred(Waiver, Change.subject_id))
    .join(Session, referred(Session, Notification.session_id))
    .join(Practitioner, referred(Practitioner, Session.practitioner_id))
    .join(Practice, of_practice(PRACTICE, Practice))
    .where(of_practice(PRACTICE, Notification, Notification.id == bindparam("notification_id")))
)


async def load_question(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> AskedWaiver:
    """Read the question that a notification is about."""
    ids = {"practice_id": practice_id, "notification_id": notification_id}
    row = (await db.execute(_STATEMENT, ids)).one()
    mark = mark_of(row.email or row.practice_email)
    link = WaiverLink(practice_id, row.id, row.link_generation, mark)
    return AskedWaiver(link, Question(row.state, row.asked_at, row.answer_by, row.ended_at))
