"""The table of notifications. The row counts attempts; the job library only wakes workers."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference


class Notification(Identified, Base):
    """A mail or a text message to one person, or an event for one webhook endpoint.

    It is about one change. It contains ids only: a mail is rendered, and its link signed, when it
    is sent. `starts_at` is
    the start of the session or group that it is about; a reminder, and a mail about a group, is
    dropped if that starts at another time by then. For webhooks `kind` is the type of the event. A
    mail about a group has no `session_id`; one about neither (`webhook_disabled`) also no
    `starts_at`.

    While it is pending, it is due from `attempt_at` on. That is `send_at` at first, and later after
    a failed attempt or a postponement (counted by `put_off`). Until `leased_until` one worker owns
    it. A mail has no lease: its row is locked while it is sent. `unanswered` counts the failed
    attempts of a mail or a text message that may have arrived.

    A reminder starts as a mail, and its `channel` changes if it goes as a text message instead. At
    `delivered_at` a text message was delivered, as its gateway says.
    """

    __tablename__ = "notifications"
    session_id: Mapped[UUID | None]
    change_id: Mapped[UUID]
    kind: Mapped[str]
    recipient: Mapped[str]
    channel: Mapped[str]
    endpoint_id: Mapped[UUID | None]
    starts_at: Mapped[datetime | None]
    send_at: Mapped[datetime]
    status: Mapped[str]
    attempts: Mapped[int]
    attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    put_off: Mapped[int]
    unanswered: Mapped[int] = mapped_column(server_default="0")
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("change_id", "changes"),
        reference("endpoint_id", "webhook_endpoints"),
        CheckConstraint(
            "recipient IN ('client', 'practitioner', 'practice', 'webhook')", name="recipient"
        ),
        CheckConstraint("(recipient = 'webhook') = (endpoint_id IS NOT NULL)", name="endpoint"),
        CheckConstraint(
            "channel IN ('mail', 'text', 'webhook') "
            "AND (channel = 'webhook') = (recipient = 'webhook') "
            "AND (channel != 'text' OR recipient = 'client')",
            name="channel",
        ),
        CheckConstraint("status IN ('pending', 'sent', 'dropped', 'failed')", name="status"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "change_id"),
        Index(None, "practice_id", "send_at", "id"),
        # For the metrics of the outbox: few notifications of all are pending.
        Index(
            "ix_notifications_pending",
            "practice_id",
            "send_at",
            postgresql_where=text("status = 'pending'"),
        ),
        # For the worker's sweep, which reads all practices every few seconds.
        Index(
            "ix_notifications_due",
            "practice_id",
            "attempt_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )
