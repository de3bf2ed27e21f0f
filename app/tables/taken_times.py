"""The table of taken times: the time that sessions and groups take from their practitioners."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference


def span_checks() -> tuple[CheckConstraint, CheckConstraint]:
    """Tie `span_before` and `span_after` of a row to its start, its end and its buffers."""
    return (
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
    )


class TakenTime(Identified, Base):
    """The time that a single session or a group takes; `id` is the id of that session or group.

    A seat of a group has no row, because its group has one. What takes no time has no row either
    (docs/decisions/0030-taken-times.md). A missed session's row ends when the session was marked,
    without a buffer after it.

    `span_after` is `[starts_at, ends_at + buffer_after)` and `span_before` is `[starts_at -
    buffer_before, ends_at)`. No two rows of a practitioner overlap in either range. This is
    equivalent to: the gap between them is at least the larger of the two buffers.

    `counts`: the row counts towards the practitioner's limits of sessions per day and week.
    """

    __tablename__ = "taken_times"
    practitioner_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    counts: Mapped[bool]
    span_before: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    span_after: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("session_id", "sessions"),
        reference("group_id", "groups"),
        CheckConstraint(
            "num_nonnulls(session_id, group_id) = 1 AND id = coalesce(session_id, group_id)",
            name="taker",
        ),
        CheckConstraint("starts_at < ends_at", name="order"),
        *span_checks(),
        ExcludeConstraint(
            ("practice_id", "="),
            ("practitioner_id", "="),
            ("span_before", "&&"),
            name="no_overlap_before",
        ),
        ExcludeConstraint(
            ("practice_id", "="),
            ("practitioner_id", "="),
            ("span_after", "&&"),
            name="no_overlap_after",
        ),
        Index(None, "practice_id", "practitioner_id", "starts_at"),
    )
