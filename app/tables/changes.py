"""The audit log's tables. Append-only by privileges: docs/decisions/0009-trail.md."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, PracticeRow, practice_reference, reference

_OF_SESSION = "session_id, session_version, calendar_sequence, starts_at, ends_at, format, currency"


class Change(Identified, Base):
    """An audit log entry: who changed which `subject`, when, how, and why.

    An entry about a session has its state before and after the change, so that a mail about the
    change does not depend on later changes. `details` has further values, never personal data,
    because entries cannot be erased. If `actor` is `practice`, `actor_name` is the API key's name.
    `command_id` is the same for all entries of one command.

    `judgement` is how the policy came to fee and credit: see app/domain/policy/recorded.py. It is
    null if no policy was asked, and in entries that are older than this column.
    """

    __tablename__ = "changes"
    command_id: Mapped[UUID]
    subject: Mapped[str]
    subject_id: Mapped[UUID]
    kind: Mapped[str]
    actor: Mapped[str]
    actor_name: Mapped[str | None]
    key_id: Mapped[UUID | None]
    at: Mapped[datetime]
    details: Mapped[dict[str, Any] | None]
    session_id: Mapped[UUID | None]
    session_version: Mapped[int | None]
    calendar_sequence: Mapped[int | None]
    reason_code: Mapped[str | None]
    old_starts_at: Mapped[datetime | None]
    old_ends_at: Mapped[datetime | None]
    old_format: Mapped[str | None]
    old_location_id: Mapped[UUID | None]
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]
    format: Mapped[str | None]
    location_id: Mapped[UUID | None]
    fee_minor: Mapped[int | None]
    currency: Mapped[str | None]
    credit: Mapped[str | None]
    judgement: Mapped[dict[str, Any] | None]
    __table_args__ = (
        practice_reference(),
        reference("session_id", "sessions"),
        reference("key_id", "api_keys"),
        reference("location_id", "locations"),
        reference("old_location_id", "locations"),
        CheckConstraint(
            "actor IN ('client', 'link', 'practice', 'practitioner_link', 'operator', 'system')",
            name="actor",
        ),
        CheckConstraint("credit IN ('returned', 'forfeited', 'kept', 'redeemed')", name="credit"),
        CheckConstraint("fee_minor > 0", name="fee"),
        CheckConstraint(f"num_nulls({_OF_SESSION}) IN (0, 7)", name="session"),
        Index(None, "practice_id", "session_id", "at"),
        Index(None, "practice_id", "at", "id"),
        Index(None, "practice_id", "command_id"),
        Index(
            "ix_changes_subject",
            "practice_id",
            "subject_id",
            "at",
            postgresql_where=text("session_id IS NULL"),
        ),
    )


class ChangeNote(PracticeRow, Base):
    """The free text of a reason and the caller's IP address: personal data, which can be erased."""

    __tablename__ = "change_notes"
    change_id: Mapped[UUID] = mapped_column(primary_key=True)
    note: Mapped[str | None]
    origin: Mapped[str | None]
    __table_args__ = (
        reference("change_id", "changes"),
        CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="length"),
        CheckConstraint("num_nonnulls(note, origin) > 0", name="content"),
    )
