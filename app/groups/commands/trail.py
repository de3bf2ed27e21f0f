"""Write audit log entries about groups, and queue what people and webhooks are told of them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import Actor, write_change
from app.groups.records import GroupDetails
from app.outbox.events import EventType
from app.outbox.outbox import GroupMailKind, NewNotification, group_mail, queue_notifications
from app.sessions.commands.meeting import Meeting
from app.sessions.commands.orders import ChangeReason


async def write_group_change(
    db: AsyncConnection,
    actor: Actor,
    group: GroupDetails,
    kind: str,
    now: datetime,
    *,
    command_id: UUID | None = None,
    before: Meeting | None = None,
    reason: ChangeReason | None = None,
    details: dict[str, Any] | None = None,
) -> UUID:
    """Add an entry about a group as it is after the change, and return its id.

    `before` is the time, format and location before a move.
    """
    rules = group.rules
    about: dict[str, Any] = {
        "version": group.version,
        "status": group.status,
        **_moment(group.meeting),
        "seats": rules.seats,
        "seats_taken": group.seats_taken,
        "min_seats": rules.min_seats,
        "decide_hours": rules.decide_hours,
        "auto_cancel": rules.auto_cancel,
    }
    if before is not None:
        about["before"] = _moment(before)
    return await write_change(
        db,
        group.practice_id,
        actor,
        now,
        subject="group",
        subject_id=group.id,
        kind=kind,
        note=None if reason is None else reason.note,
        command_id=command_id,
        reason_code=None if reason is None else reason.code,
        old_starts_at=before and before.starts_at,
        old_ends_at=before and before.ends_at,
        old_format=before and before.format,
        old_location_id=before and before.location_id,
        details=about | (details or {}),
    )


def _moment(meeting: Meeting) -> dict[str, Any]:
    return {
        "starts_at": meeting.starts_at.isoformat(),
        "ends_at": meeting.ends_at.isoformat(),
        "format": meeting.format,
        "location_id": None if meeting.location_id is None else str(meeting.location_id),
    }


async def tell_of_group(
    db: AsyncConnection,
    group: GroupDetails,
    change_id: UUID,
    now: datetime,
    *,
    mail: GroupMailKind,
    event: EventType | None,
) -> None:
    """Queue the mail to the practitioner or the practice about a group, and the webhook event."""
    told = [group_mail(mail, group.starts_at, now)]
    if event is not None:
        told.append(NewNotification(event, "webhook", group.starts_at, now))
    await queue_notifications(db, group.practice_id, None, change_id, told, now)
