"""The tables of move requests: the practice asks clients to choose another time."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, PracticeRow, practice_reference, reference


class MoveRequest(Identified, Base):
    """A request to the clients of some sessions to choose another time.

    `note` is shown to the clients; it can be erased. `meanwhile` says whether the sessions stay
    booked (`keep`) or are cancelled at once (`cancel`). `told_at` is when the practice was told who
    had not answered by `answer_by`.
    """

    __tablename__ = "move_requests"
    note: Mapped[str | None]
    answer_by: Mapped[datetime]
    meanwhile: Mapped[str]
    asked_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    told_at: Mapped[datetime | None]
    __table_args__ = (
        practice_reference(),
        CheckConstraint("meanwhile IN ('keep', 'cancel')", name="meanwhile"),
        CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="note"),
        Index(None, "practice_id", "asked_at", "id"),
        # For the worker, which reads all practices.
        Index(
            "ix_move_requests_answer_by",
            "practice_id",
            "answer_by",
            postgresql_where=text("told_at IS NULL AND withdrawn_at IS NULL"),
        ),
    )


class MoveRequestSession(PracticeRow, Base):
    """A session whose client is asked, and the answer. `proposals` are up to three starts.

    `starts_at` is the session's start when its client was asked.
    """

    __tablename__ = "move_request_sessions"
    move_request_id: Mapped[UUID] = mapped_column(primary_key=True)
    session_id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    starts_at: Mapped[datetime]
    proposals: Mapped[list[Any]] = mapped_column(JSONB)
    answered_at: Mapped[datetime | None]
    __table_args__ = (
        reference("move_request_id", "move_requests"),
        reference("session_id", "sessions"),
        CheckConstraint(
            "state IN ('asked', 'moved', 'cancelled', 'kept', 'withdrawn')", name="state"
        ),
        CheckConstraint("(state = 'asked') = (answered_at IS NULL)", name="answered"),
        # One open request for each session.
        Index(
            "uq_move_request_sessions_open",
            "practice_id",
            "session_id",
            unique=True,
            postgresql_where=text("state = 'asked'"),
        ),
    )
