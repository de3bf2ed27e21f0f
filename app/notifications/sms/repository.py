"""Statements on text messages and on who gets them. Nothing here commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, func, select, true, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.session import Status
from app.outbox.outbox import TEXT_ANSWER
from app.tables.joins import of_practice
from app.tables.notifications import Notification
from app.tables.practices import Client, Practice
from app.tables.sessions import Session


async def lock_text(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID
) -> Row[Any] | None:
    """Lock a text message; None: there is none, or it goes another way by now."""
    own = of_practice(
        practice_id,
        Notification,
        Notification.id == notification_id,
        Notification.channel == "text",
    )
    columns: tuple[Any, ...] = (
        Notification.kind,
        Notification.status,
        Notification.attempts,
        Notification.leased_until,
        Notification.delivered_at,
    )
    return (await db.execute(select(*columns).where(own).with_for_update())).one_or_none()


async def mark_delivered(
    db: AsyncConnection, practice_id: UUID, notification_id: UUID, now: datetime
) -> None:
    """Record when the gateway said that a text message was delivered."""
    await _change(db, practice_id, notification_id, delivered_at=now)


async def mark_settled(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    now: datetime,
    *,
    status: str,
    attempts: int,
    error: str | None,
) -> None:
    """Record how a text message has ended, as its gateway said."""
    values = {"status": status, "attempts": attempts, "last_error": error, "finished_at": now}
    await _change(db, practice_id, notification_id, leased_until=None, **values)


async def _change(
    db: AsyncConnection,
    practice_id: UUID,
    notification_id: UUID,
    **values: Any,  # noqa: ANN401 - columns of any type
) -> None:
    own = of_practice(practice_id, Notification, Notification.id == notification_id)
    await db.execute(update(Notification).where(own).values(**values))


async def keep_number(db: AsyncConnection, practice_id: UUID, client_id: UUID, number: str) -> bool:
    """Keep a client's number from changing until the transaction ends; False: it is another one."""
    own = of_practice(practice_id, Client, Client.id == client_id, Client.texts_number == number)
    found = await db.execute(select(Client.id).where(own).with_for_update(read=True))
    return found.first() is not None


async def lock_clients_with(db: AsyncConnection, number: str) -> Sequence[Row[Any]]:
    """Lock the clients of all practices with a number, in the order of their ids."""
    # A cluster does not lock rows of several practices in one statement.
    return [
        client
        for practice_id in await _practices_with(db, number)
        for client in await _lock_clients_with(db, practice_id, number)
    ]


async def _practices_with(db: AsyncConnection, number: str) -> Sequence[UUID]:
    wanted = select(Practice.practice_id).join(Client, _has_number(number)).distinct()
    return (await db.scalars(wanted.order_by(Practice.practice_id))).all()


async def _lock_clients_with(
    db: AsyncConnection, practice_id: UUID, number: str
) -> Sequence[Row[Any]]:
    columns: tuple[Any, ...] = (Client.practice_id, Client.id, Client.texts, Client.texts_stopped)
    own = of_practice(practice_id, Client, Client.texts_number == number)
    wanted = select(*columns).where(own).order_by(Client.id).with_for_update()
    return (await db.execute(wanted)).all()


async def stop_texts(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, now: datetime
) -> None:
    """End the text messages of a client, and keep what they were."""
    own = of_practice(practice_id, Client, Client.id == client_id)
    stopped = {"texts_stopped": Client.texts, "texts_stopped_at": now, "texts": "off"}
    await db.execute(update(Client).where(own).values(**stopped))


async def restore_texts(
    db: AsyncConnection, practice_id: UUID, client_id: UUID, now: datetime
) -> None:
    """Restore what a client has ended, to which they agree anew."""
    own = of_practice(practice_id, Client, Client.id == client_id)
    restored = {
        "texts": Client.texts_stopped,
        "texts_agreed_at": now,
        "texts_stopped": None,
        "texts_stopped_at": None,
    }
    await db.execute(update(Client).where(own).values(**restored))


_THEIR_SESSION = and_(Session.practice_id == Client.practice_id, Session.client_id == Client.id)
_ABOUT_IT = and_(
    Notification.practice_id == Session.practice_id, Notification.session_id == Session.id
)


def _has_number(number: str) -> ColumnElement[bool]:
    """Match the clients of each practice with a number: each index begins with the practice."""
    return and_(Client.practice_id == Practice.practice_id, Client.texts_number == number)


async def was_answered_since(db: AsyncConnection, number: str, since: datetime) -> bool:
    """Tell whether a text message from a number was answered since then."""
    answered = (
        select(true())
        .select_from(Practice)
        .join(Client, _has_number(number))
        .join(Session, _THEIR_SESSION)
        .join(Notification, _ABOUT_IT)
        .where(Notification.kind == TEXT_ANSWER, Notification.send_at > since)
    )
    return await db.scalar(answered.limit(1)) is not None


async def find_texted_session(db: AsyncConnection, number: str, now: datetime) -> Row[Any] | None:
    """Find the only session to come about which a number got a text message.

    Gives the practice and the latest of these messages. None: there is no such session, or several.
    """
    latest_first = aggregate_order_by(Notification.id, Notification.send_at.desc())
    texted = (
        select(
            Notification.practice_id,
            func.array_agg(latest_first)[1].label("notification_id"),
        )
        .select_from(Practice)
        .join(Client, _has_number(number))
        .join(Session, _THEIR_SESSION)
        .join(Notification, _ABOUT_IT)
        .where(
            Practice.closed_at.is_(None),
            Client.texts != "off",
            Notification.channel == "text",
            Notification.status == "sent",
            Session.status == Status.BOOKED,
            Session.starts_at > now,
        )
        .group_by(Notification.practice_id, Notification.session_id)
    )
    rows = (await db.execute(texted.limit(2))).all()
    return rows[0] if len(rows) == 1 else None
