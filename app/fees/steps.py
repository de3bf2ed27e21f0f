"""The steps that commands and tasks on a fee share: lock, make the entry, tell its client."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor
from app.calendar.locks import lock_session
from app.domain.history import ChangeKind
from app.fees.queries import FeeRecord, read_fee
from app.outbox.outbox import Kind, NewNotification
from app.sessions.commands.finish import entry_about, finish
from app.sessions.commands.history_repository import About, NewChange
from app.sessions.commands.orders import ChangeReason, Effect
from app.sessions.read.records import SessionRecord


async def lock_session_of(db: AsyncConnection, practice_id: UUID, fee_id: UUID) -> UUID:
    """Lock the session of a fee until the transaction ends, and give its id.

    Every command on a fee does this: booking the session again decides by the fee's state
    (app/sessions/commands/rebooking.py).

    Raises:
        NotFoundError: the practice has no such fee.
    """
    session_id = (await read_fee(db, practice_id, fee_id)).session_id
    await lock_session(db, practice_id, session_id)
    return session_id


def fee_change(
    actor: Actor,
    fee: FeeRecord,
    record: SessionRecord,
    kind: ChangeKind,
    *,
    reason: ChangeReason | None = None,
    details: dict[str, Any] | None = None,
) -> NewChange:
    """Make the entry about a fee for its session's history. The session itself does not change."""
    return entry_about(
        About("fee", fee.id),
        kind,
        actor,
        record,
        fee=fee.amount,
        reason=reason,
        details=details,
        end=fee.end,
    )


async def tell_client(
    db: AsyncConnection,
    record: SessionRecord,
    change: NewChange,
    mail: Kind | None,
    event: Kind,
    now: datetime,
) -> Effect:
    """Record an entry, and tell the client by a mail, if there is one, and webhooks by an event."""
    notifications = [NewNotification(event, "webhook", record.starts_at, now)]
    if mail is not None:
        notifications.append(NewNotification(mail, "client", record.starts_at, now))
    return await finish(db, record.practice_id, record.id, change, notifications, now)
