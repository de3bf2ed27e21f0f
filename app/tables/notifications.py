"""The table of notifications. A row owns its attempts; the job library only wakes the worker."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from app.tables.base import Base, Identified, reference


class Notification(Identified, Base):
    """A mail to one person, or an event for one webhook endpoint, about one change.

    Holds ids only: the mail is rendered, and its link signed, when it is sent. `starts_at` is the
    start of the session that it is about; a reminder is dropped where that is no longer the
    session's. For a webhook `kind` is the type of the event. Only what is about no session
    (`webhook_disabled`) has neither a session nor a start.

    While it is pending it may be attempted from `attempt_at` on: `send_at` at first, later than
    that after an attempt that failed, or where it was put off (`put_off` times) without one. Until
    `leased_until` a worker has it; a mail has no lease, since its row is locked while it is sent.
    """

    __tablename__ = "notifications"
    session_id: Mapped[UUID | None]
    change_id: Mapped[UUID]
    kind: Mapped[str]
    recipient: Mapped[str]
    endpoint_id: Mapped[UUID | None]
    starts_at: Mapped[datetime | None]
    send_at: Mapped[datetime]
    status: Mapped[str]
    attempts: Mapped[int]
    attempt_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    put_off: Mapped[int]
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("change_id", "changes"),
        reference("endpoint_id", "webhook_endpoints"),
        CheckConstraint(
            "recipient IN ('client', 'practitioner', 'practice', 'webhook')", name="recipient"
        ),
        CheckConstraint("(recipient = 'webhook') = (endpoint_id IS NOT NULL)", name="endpoint"),
        CheckConstraint("status IN ('pending', 'sent', 'dropped', 'failed')", name="status"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "change_id"),
        Index(None, "practice_id", "send_at", "id"),
        # The figures of the outbox look for what was not sent, among all that ever was.
        Index(
            "ix_notifications_pending",
            "practice_id",
            "send_at",
            postgresql_where=text("status = 'pending'"),
        ),
        # The worker's sweep looks at all practices, every few seconds.
        Index(
            "ix_notifications_due",
            "practice_id",
            "attempt_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )
