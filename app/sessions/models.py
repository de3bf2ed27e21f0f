"""Tables of sessions and of what happens to them. Overlaps: docs/decisions/0005-overlap.md."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.database.base import Base, Identified, OfPractice, reference
from app.practices.models import FORMATS

BOOKED = text("status = 'booked'")


class Session(Identified, Base):
    """One client's booked service. Its id, policy version, price and buffers stay for life.

    `span_after` is `[starts_at, ends_at + buffer_after)` and `span_before` is
    `[starts_at - buffer_before, ends_at)`: no two booked sessions of a practitioner overlap in
    either, which is exactly "the larger of the two buffers lies between them".
    """

    __tablename__ = "sessions"
    client_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    service_id: Mapped[UUID]
    policy_version_id: Mapped[UUID | None]
    policy_time_zone: Mapped[str]
    status: Mapped[str]
    version: Mapped[int]
    calendar_sequence: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    span_before: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    span_after: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    join_url: Mapped[str | None]
    instructions: Mapped[str | None]
    price_minor: Mapped[int]
    currency: Mapped[str]
    booked_starts_at: Mapped[datetime]
    client_moves: Mapped[int]
    link_generation: Mapped[int]
    __table_args__ = (
        reference("client_id", "clients"),
        reference("practitioner_id", "practitioners"),
        reference("service_id", "services"),
        reference("policy_version_id", "policy_versions"),
        reference("location_id", "locations"),
        CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint(
            "span_before = tstzrange("
            "starts_at - make_interval(mins => buffer_before_minutes), ends_at)",
            name="span_before",
        ),
        CheckConstraint(
            "span_after = tstzrange("
            "starts_at, ends_at + make_interval(mins => buffer_after_minutes))",
            name="span_after",
        ),
        ExcludeConstraint(
            ("practice_id", "="),
            ("practitioner_id", "="),
            ("span_before", "&&"),
            name="no_overlap_before",
            where=BOOKED,
        ),
        ExcludeConstraint(
            ("practice_id", "="),
            ("practitioner_id", "="),
            ("span_after", "&&"),
            name="no_overlap_after",
            where=BOOKED,
        ),
        Index(None, "practice_id", "client_id", "starts_at", "id"),
        Index(None, "practice_id", "practitioner_id", "starts_at", postgresql_where=BOOKED),
    )


class Change(Identified, Base):
    """One entry of a session's history, and of the audit trail: append-only by privileges.

    Holds how things stood before and after, so that a mail about it never depends on what came
    later. `actor` is who acted; his note lies in `change_notes`, so that it can be erased.
    """

    __tablename__ = "changes"
    session_id: Mapped[UUID]
    kind: Mapped[str]
    actor: Mapped[str]
    at: Mapped[datetime]
    session_version: Mapped[int]
    calendar_sequence: Mapped[int]
    reason_code: Mapped[str | None]
    old_starts_at: Mapped[datetime | None]
    old_ends_at: Mapped[datetime | None]
    old_format: Mapped[str | None]
    old_location_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    join_url: Mapped[str | None]
    instructions: Mapped[str | None]
    fee_minor: Mapped[int | None]
    currency: Mapped[str]
    credit: Mapped[str | None]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("location_id", "locations"),
        reference("old_location_id", "locations"),
        CheckConstraint(
            "kind IN ('booked', 'rescheduled', 'format_changed', 'cancelled')", name="kind"
        ),
        CheckConstraint("actor IN ('client', 'link', 'practice')", name="actor"),
        CheckConstraint("credit IN ('returned', 'forfeited', 'kept')", name="credit"),
        CheckConstraint("fee_minor > 0", name="fee"),
        Index(None, "practice_id", "session_id", "at"),
    )


class ChangeNote(OfPractice, Base):
    """What a client wrote as his reason: private, and erasable while the history stays."""

    __tablename__ = "change_notes"
    change_id: Mapped[UUID] = mapped_column(primary_key=True)
    note: Mapped[str]
    __table_args__ = (
        reference("change_id", "changes"),
        CheckConstraint("char_length(note) BETWEEN 1 AND 500", name="length"),
    )


class Fee(Identified, Base):
    """A fee that is due; the practice collects it. One change causes at most one."""

    __tablename__ = "fees"
    session_id: Mapped[UUID]
    change_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    recorded_at: Mapped[datetime]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("change_id", "changes"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint("status IN ('due', 'waived', 'settled')", name="status"),
        UniqueConstraint("practice_id", "change_id"),
        Index(None, "practice_id", "session_id"),
    )


class CreditRedemption(Identified, Base):
    """A package credit that pays for a session. It comes back at most once: by being marked so.

    `usable_until` is set where the credit came back to a package that has expired or soon will.
    A redemption of such a credit names the one it came back from, which can be named once.
    """

    __tablename__ = "credit_redemptions"
    package_id: Mapped[UUID]
    session_id: Mapped[UUID]
    redeemed_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    forfeited_at: Mapped[datetime | None]
    usable_until: Mapped[datetime | None]
    reused_redemption_id: Mapped[UUID | None]
    __table_args__ = (
        reference("package_id", "packages"),
        reference("session_id", "sessions"),
        reference("reused_redemption_id", "credit_redemptions"),
        CheckConstraint("num_nonnulls(returned_at, forfeited_at) <= 1", name="end"),
        CheckConstraint("usable_until IS NULL OR returned_at IS NOT NULL", name="usable"),
        UniqueConstraint("practice_id", "reused_redemption_id"),
        Index(
            "uq_credit_redemptions_session",
            "practice_id",
            "session_id",
            unique=True,
            postgresql_where=text("returned_at IS NULL"),
        ),
        Index(None, "practice_id", "package_id"),
    )
