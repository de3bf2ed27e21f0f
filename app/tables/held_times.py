"""The table of held times: a time that is kept free for somebody who is choosing it."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSTZRANGE, Range
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference
from app.tables.practices import FORMATS
from app.tables.taken_times import span_checks


class HeldTime(Identified, Base):
    """A time of a practitioner that is kept free until `expires_at`; a session has one at most.

    A time that a client is asked for in turn is held by that offer (`offer_id`), until it is
    answered.

    A hold is live while `expires_at` is after the request's instant. It ends by itself, so no
    constraint can express it: it is checked under the practitioner's lock
    (docs/decisions/0034-held-times.md). A hold that was ended before its time expired at the epoch.
    Its row stays for a while, because it counts the new holds of the session: `new_count` of them
    since `new_since`.

    With a `group_id` it holds a seat of that group, and no time of the practitioner.

    It is compared with other times by the two ranges of taken times (app/tables/taken_times.py).

    `held_by`: through a sign-in (`client`) or through the link in an email (`link`). The end of
    either ends the hold.
    """

    __tablename__ = "held_times"
    practitioner_id: Mapped[UUID]
    client_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    held_by: Mapped[str]
    first_held_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    new_since: Mapped[datetime]
    new_count: Mapped[int]
    span_before: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    span_after: Mapped[Range[datetime]] = mapped_column(TSTZRANGE)
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("client_id", "clients"),
        reference("session_id", "sessions"),
        reference("group_id", "groups"),
        reference("location_id", "locations"),
        reference("offer_id", "offers"),
        UniqueConstraint("practice_id", "session_id"),
        UniqueConstraint("practice_id", "offer_id"),
        CheckConstraint("num_nonnulls(session_id, offer_id) = 1", name="holder"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("held_by IN ('client', 'link', 'offer')", name="held_by"),
        CheckConstraint("(held_by = 'offer') = (offer_id IS NOT NULL)", name="held_by_offer"),
        CheckConstraint("new_count > 0", name="new_count"),
        *span_checks(),
        Index(None, "practice_id", "practitioner_id", "expires_at"),
        Index(None, "practice_id", "client_id", "expires_at"),
        Index(
            None,
            "practice_id",
            "group_id",
            "expires_at",
            postgresql_where=text("group_id IS NOT NULL"),
        ),
    )
