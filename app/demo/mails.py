"""Sends a few of the demo's mails and one text message, to keep the list of mails short."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, not_, or_, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.configuration.settings import Settings
from app.database.transactions import transact
from app.demo.records import HARBOR
from app.domain.text_messages import text_at
from app.mail.context import MailContext
from app.mail.senders import make_sender
from app.notifications.delivery import send_notification
from app.notifications.sms.delivery import TextContext, send_text
from app.outbox.channels import queue_text, text_id
from app.outbox.outbox import REMINDERS, MailKind
from app.sms.senders import make_text_sender
from app.tables.notifications import Notification
from app.tables.practices import Client
from app.tables.sessions import Session

# The session and the kind of each mail.
Mails = Sequence[tuple[UUID, MailKind]]


async def send_mails(engine: AsyncEngine, settings: Settings, mailed: Mails, now: datetime) -> None:
    """Send some mails, keep the future reminders, and drop all other mails."""
    await transact(engine, lambda db: _drop_mails(db, mailed, now))
    context = MailContext(engine, make_sender(settings), settings, lambda: now)
    async with engine.connect() as db:
        waiting = (
            await db.execute(
                select(Notification.practice_id, Notification.id)
                .where(_is_about(mailed))
                .order_by(Notification.send_at, Notification.id)
            )
        ).all()
    for practice_id, notification_id in waiting:
        # If the mail server does not answer, the worker tries again later.
        await send_notification(context, practice_id, notification_id)
    await context.sender.close()
    if settings.sends_texts:
        await _send_one_text(engine, settings, now)
    await transact(engine, _delete_wakes)


async def _send_one_text(engine: AsyncEngine, settings: Settings, now: datetime) -> None:
    """Send the text message about one booking, of a client for whom it is not night."""
    async with engine.connect() as db:
        booked = (
            await db.execute(
                select(Notification.id, Notification.starts_at, Client.time_zone)
                .join(Session, _same(Session, Notification.session_id))
                .join(Client, _same(Client, Session.client_id))
                .where(
                    Notification.practice_id == HARBOR,
                    Notification.kind == "booked",
                    Notification.recipient == "client",
                    Client.texts == "all",
                    Session.status == "booked",
                    Session.starts_at > now,
                )
                .order_by(Notification.starts_at)
            )
        ).all()
    awake = [row.id for row in booked if _goes_now(row.starts_at, row.time_zone, now)]
    if not awake:
        return
    mail_id = awake[0]
    await transact(engine, lambda db: queue_text(db, HARBOR, mail_id, now, now))
    context = TextContext(engine, make_text_sender(settings, lambda: now), settings, lambda: now)
    await send_text(context, HARBOR, text_id(mail_id))
    await context.sender.close()


def _goes_now(starts_at: datetime, zone: str, now: datetime) -> bool:
    return text_at(now, starts_at, ZoneInfo(zone)) == now


def _same(table: Any, column: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a table and its key
    return and_(table.practice_id == HARBOR, table.id == column)


def _is_about(mailed: Mails) -> ColumnElement[bool]:
    """Match the notifications of some kinds about some sessions. Those of classes have none."""
    return and_(
        Notification.session_id.is_not(None),
        tuple_(Notification.session_id, Notification.kind).in_(mailed),
    )


async def _drop_mails(db: AsyncConnection, mailed: Mails, now: datetime) -> None:
    """Drop all mails but some and the future reminders, to keep the list short."""
    await db.execute(
        update(Notification)
        .where(
            not_(_is_about(mailed)),
            or_(Notification.kind.not_in(REMINDERS), Notification.send_at < now),
        )
        .values(status="dropped", finished_at=now)
    )


async def _delete_wakes(db: AsyncConnection) -> None:
    """Delete the wakes of mails that are sent or dropped.

    A worker would look at each of them once more, and log it under the guide.
    """
    await db.execute(
        text(
            # A cluster cannot join notifications, which are distributed, with the queue.
            "WITH done AS MATERIALIZED"
            " (SELECT id::text AS id FROM notifications WHERE status <> 'pending')"
            " DELETE FROM pgqueuer USING done WHERE split_part(dedupe_key, '/', 1) = done.id"
        )
    )
