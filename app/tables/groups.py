"""The table of groups: one time of a practitioner that several sessions share."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference, unique_external_ref
from app.tables.practices import FORMATS


class Group(Identified, Base):
    """A class or workshop. Each of its seats is a session of one client.

    A group takes its practitioner's time until it is cancelled, also while it is empty. Its
    sessions copy its time, format and location, and take time from their clients only.

    If fewer than `min_seats` seats are taken `decide_hours` before the start, the practice is told,
    and with `auto_cancel` the group is cancelled; `decided_at` is when that was judged. It is also
    set if that time had passed when the minimum was set or the group was moved: there is nothing to
    judge then.
    """

    __tablename__ = "groups"
    external_ref: Mapped[str | None]
    service_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    status: Mapped[str]
    version: Mapped[int]
    calendar_sequence: Mapped[int]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    join_url: Mapped[str | None]
    instructions: Mapped[str | None]
    seats: Mapped[int]
    min_seats: Mapped[int | None]
    decide_hours: Mapped[int | None]
    auto_cancel: Mapped[bool] = mapped_column(server_default=false())
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        unique_external_ref(),
        reference("service_id", "services"),
        reference("practitioner_id", "practitioners"),
        reference("location_id", "locations"),
        CheckConstraint("status IN ('scheduled', 'cancelled')", name="status"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("seats > 0", name="seats"),
        CheckConstraint("min_seats BETWEEN 1 AND seats", name="min_seats"),
        CheckConstraint("decide_hours > 0", name="decide_hours"),
        CheckConstraint("num_nulls(min_seats, decide_hours) <> 1", name="minimum"),
        Index(None, "practice_id", "starts_at", "id"),
        Index(None, "practice_id", "practitioner_id", "starts_at"),
        # For the worker, which judges the minimum of groups of all practices.
        Index(
            "ix_groups_undecided",
            "practice_id",
            "starts_at",
            "decide_hours",
            postgresql_where=text(
                "status = 'scheduled' AND min_seats IS NOT NULL AND decided_at IS NULL"
            ),
        ),
    )
