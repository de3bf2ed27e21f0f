"""The table of notices: what a person asks of a mail. The job library owns the scheduling."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped

from app.database.base import Base, Identified, reference


class Notice(Identified, Base):
    """A mail to one person about one change, or a reminder of one start.

    Holds ids only: the mail is rendered, and its link signed, when it is sent. `starts_at` is the
    start that a reminder is about; it is dropped where the session is no longer booked for then.
    """

    __tablename__ = "notices"
    session_id: Mapped[UUID]
    change_id: Mapped[UUID]
    kind: Mapped[str]
    recipient: Mapped[str]
    starts_at: Mapped[datetime]
    send_at: Mapped[datetime]
    status: Mapped[str]
    attempts: Mapped[int]
    last_error: Mapped[str | None]
    finished_at: Mapped[datetime | None]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("change_id", "changes"),
        CheckConstraint("kind IN ('booked', 'rescheduled', 'cancelled', 'reminder')", name="kind"),
        CheckConstraint("recipient IN ('client', 'practitioner')", name="recipient"),
        CheckConstraint("status IN ('pending', 'sent', 'dropped', 'failed')", name="status"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "change_id"),
        # The worker's sweep looks for what was not sent, among all that ever was.
        Index(
            "ix_notices_pending",
            "practice_id",
            "send_at",
            postgresql_where=text("status = 'pending'"),
        ),
    )
