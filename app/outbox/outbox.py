"""Queues notifications in the caller's transaction (transactional outbox, product.md section 6).

A notification is committed with the change that it reports, or not at all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, get_args
from uuid import UUID, uuid4

from sqlalchemy import ARRAY, Text, Uuid, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from typing_extensions import TypeAliasType

from app.database.statements import Read
from app.database.writing import Write
from app.domain.money import Money
from app.domain.nudge import ReminderKind, plan_reminders
from app.outbox.events import EventType
from app.outbox.queue import notification_wake, queue_wakes
from app.tables.notifications import Notification
from app.tables.webhooks import WebhookEndpoint

MailKind = Literal[
    "booked",
    "rescheduled",
    "cancelled",
    "noshow",
    "restored",
    "absence",
    "reminder",
    "nudge",
    "reminder_nudge",
    "fee_waived",
    "fee_forgiven",
    "fee_waiver_asked",
    "fee_waiver_declined",
    "fee_waiver_lapsed",
    "credit_returned",
    "allowance_returned",
    "webhook_disabled",
    "move_request",
    "move_request_unanswered",
    "offer",
    "offer_gone",
    "wish_paused",
    "release_ended",
]
GroupMailKind = Literal["group_booked", "group_moved", "group_cancelled", "group_below_minimum"]
Kind = MailKind | GroupMailKind | EventType
Channel = TypeAliasType("Channel", Literal["mail", "text", "webhook"])
Recipient = TypeAliasType("Recipient", Literal["client", "practitioner", "practice", "webhook"])

# The text message that answers what a client has written to the number of our text messages.
TEXT_ANSWER = "text_answer"
# Mails before a session, which wait until they are due and describe it as it was when queued.
REMINDERS: tuple[ReminderKind, ...] = get_args(ReminderKind)
_NUDGES: tuple[ReminderKind, ...] = ("nudge",)

_ADD = Write(
    insert(Notification).values(status="pending", attempts=0, put_off=0),
    "practice_id",
    "id",
    "session_id",
    "change_id",
    "endpoint_id",
    "kind",
    "recipient",
    "channel",
    "starts_at",
    "send_at",
    "attempt_at",
)
_ENDPOINTS = Read(
    select(WebhookEndpoint.id, WebhookEndpoint.events).where(
        WebhookEndpoint.practice_id == bindparam("practice_id"), WebhookEndpoint.active
    )
)
_WAITING = (
    select(Notification.id)
    .where(
        Notification.practice_id == bindparam("of_practice"),
        Notification.session_id == func.any(bindparam("of_sessions", type_=ARRAY(Uuid))),
        Notification.kind == func.any(bindparam("of_kinds", type_=ARRAY(Text))),
        Notification.status == "pending",
    )
    .with_for_update(skip_locked=True)
    .cte("waiting")
)
_DROP_REMINDERS = Write(
    update(Notification)
    .where(Notification.practice_id == bindparam("of_practice"), Notification.id == _WAITING.c.id)
    .values(status="dropped"),
    "finished_at",
)


@dataclass(frozen=True, slots=True)
class NewNotification:
    """A mail or a webhook event to be sent at `send_at`, or at once if that is in the past.

    `starts_at` is the start of the session or group that it is about; None if it is about neither.
    """

    kind: Kind
    recipient: Recipient
    starts_at: datetime | None
    send_at: datetime


class OfChange(NamedTuple):
    """A notification about one change, and the session that was changed, if it was a session."""

    session_id: UUID | None
    change_id: UUID
    notification: NewNotification


async def queue_notifications(
    db: AsyncConnection,
    practice_id: UUID,
    session_id: UUID | None,
    change_id: UUID,
    notifications: Sequence[NewNotification],
    now: datetime,
) -> None:
    """Insert notifications about one change; see `queue_for_changes`.

    `session_id` None: the change is not of a session.
    """
    of_change = [OfChange(session_id, change_id, notification) for notification in notifications]
    await queue_for_changes(db, practice_id, of_change, now)


async def queue_for_changes(
    db: AsyncConnection, practice_id: UUID, notifications: Sequence[OfChange], now: datetime
) -> None:
    """Insert notifications about changes, and the jobs for them, in the caller's transaction.

    An event becomes one notification for each active webhook endpoint that is subscribed to it.
    """
    addressed: list[tuple[OfChange, UUID | None]] = [
        (one, None) for one in notifications if one.notification.recipient != "webhook"
    ]
    addressed += await _for_endpoints(db, practice_id, notifications)
    if not addressed:
        return
    rows: list[dict[str, Any]] = [
        {
            "practice_id": practice_id,
            "id": uuid4(),
            "session_id": session_id,
            "change_id": change_id,
            "endpoint_id": endpoint_id,
            "kind": notification.kind,
            "recipient": notification.recipient,
            "channel": "webhook" if notification.recipient == "webhook" else "mail",
            "starts_at": notification.starts_at,
            "send_at": notification.send_at,
            "attempt_at": notification.send_at,
        }
        for (session_id, change_id, notification), endpoint_id in addressed
    ]
    await _ADD.run_for_each(db, rows)
    wakes = [
        notification_wake(
            practice_id,
            row["id"],
            row["channel"],
            row["recipient"],
            row["kind"],
            row["send_at"],
        )
        for row in rows
    ]
    await queue_wakes(db, wakes, now)


async def queue_practice_mail(
    db: AsyncConnection, practice_id: UUID, change_id: UUID, kind: Kind, now: datetime
) -> None:
    """Queue a mail to the practice's own address about a change that concerns no session."""
    mail = NewNotification(kind, "practice", None, now)
    await queue_notifications(db, practice_id, None, change_id, [mail], now)


async def _for_endpoints(
    db: AsyncConnection, practice_id: UUID, notifications: Sequence[OfChange]
) -> list[tuple[OfChange, UUID | None]]:
    """Pair each event with the active endpoints subscribed to it; empty `events` means all."""
    events = [one for one in notifications if one.notification.recipient == "webhook"]
    if not events:
        return []
    endpoints = await _ENDPOINTS.rows(db, {"practice_id": practice_id})
    return [
        (event, endpoint["id"])
        for endpoint in endpoints
        for event in events
        if not endpoint["events"] or event.notification.kind in endpoint["events"]
    ]


async def drop_reminders(
    db: AsyncConnection, practice_id: UUID, session_ids: Sequence[UUID], now: datetime
) -> None:
    """Drop the pending reminders and nudges of sessions.

    A reminder that a worker is sending is skipped: its row is locked, and the request must not wait
    for a mail server. If that attempt fails, the next attempt drops the reminder.
    """
    await _drop(db, practice_id, session_ids, REMINDERS, now)


async def drop_nudge(
    db: AsyncConnection, practice_id: UUID, session_id: UUID, now: datetime
) -> None:
    """Drop the pending nudge of a session. One that is a reminder too stays, and only reminds."""
    await _drop(db, practice_id, [session_id], _NUDGES, now)


async def _drop(
    db: AsyncConnection,
    practice_id: UUID,
    session_ids: Sequence[UUID],
    kinds: Sequence[ReminderKind],
    now: datetime,
) -> None:
    asked = {
        "of_practice": practice_id,
        "of_sessions": list(session_ids),
        "of_kinds": list(kinds),
        "finished_at": now,
    }
    await _DROP_REMINDERS.run(db, asked)


# What a command can do to a session that people are told of.
Done = Literal["booked", "rescheduled", "cancelled", "noshow", "restored"]


def notifications_about(
    done: Done,
    starts_at: datetime,
    now: datetime,
    *,
    fee: Money | None = None,
    people: bool = True,
) -> list[NewNotification]:
    """Return the notifications to client, practitioner and webhooks about a change to a session.

    With a `fee` there is also an event `fee.recorded`. Without `people` there are only events.
    """
    event: Kind = f"session.{done}"  # type: ignore[assignment] # each has an event
    notifications = [NewNotification(event, "webhook", starts_at, now)]
    if people:
        notifications.append(NewNotification(done, "client", starts_at, now))
        notifications.append(NewNotification(done, "practitioner", starts_at, now))
    if fee is not None:
        notifications.append(NewNotification("fee.recorded", "webhook", starts_at, now))
    return notifications


def group_mail(kind: GroupMailKind, starts_at: datetime, now: datetime) -> NewNotification:
    """Return the practitioner's mail about a change of a group that starts at `starts_at`.

    It has the group's calendar entry and the clients whose seats the same command changed. That too
    few seats are taken is told to the practice instead, without a calendar entry.
    """
    recipient: Recipient = "practice" if kind == "group_below_minimum" else "practitioner"
    return NewNotification(kind, recipient, starts_at, now)


def reminders(
    starts_at: datetime,
    offsets_minutes: Sequence[int],
    now: datetime,
    nudge_at: datetime | None = None,
) -> list[NewNotification]:
    """Return a reminder to the client for each offset that is in the future, soonest first.

    With `nudge_at` there is also a nudge, or a reminder that is a nudge too (app/domain/nudge.py).
    """
    return [
        NewNotification(kind, "client", starts_at, at)
        for kind, at in plan_reminders(starts_at, offsets_minutes, now, nudge_at)
    ]
