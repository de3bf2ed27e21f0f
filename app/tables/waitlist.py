"""The tables of the waitlist: wishes, freed times, and offers (docs/decisions/0038-waitlist.md)."""

from datetime import datetime, time
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, SmallInteger, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, PracticeRow, practice_reference, reference
from app.tables.practices import FORMATS


class Wish(Identified, Base):
    """A client waits for a time: a session that is to come sooner, or a new one (no `session_id`).

    `weekdays`, `from_time` and `to_time` are in the client's zone. Empty `formats`: the session's
    own format and location, or any of the service.

    `unanswered` counts the offers in a row that were not answered; at three the wish is paused
    (`paused_at`).
    """

    __tablename__ = "wishes"
    client_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    service_id: Mapped[UUID]
    practitioner_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    package_id: Mapped[UUID | None]
    state: Mapped[str]
    urgent: Mapped[bool] = mapped_column(server_default=false())
    until: Mapped[datetime | None]
    weekdays: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    from_time: Mapped[time | None]
    to_time: Mapped[time | None]
    formats: Mapped[list[str]] = mapped_column(ARRAY(Text))
    notice_hours: Mapped[int]
    made_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    unanswered: Mapped[int]
    __table_args__ = (
        reference("client_id", "clients"),
        reference("session_id", "sessions"),
        reference("service_id", "services"),
        reference("practitioner_id", "practitioners"),
        reference("group_id", "groups"),
        reference("package_id", "packages"),
        CheckConstraint(
            "state IN ('waiting', 'offered', 'met', 'withdrawn', 'lapsed')", name="state"
        ),
        CheckConstraint("(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name="ended"),
        CheckConstraint("weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]", name="weekdays"),
        CheckConstraint("from_time <= to_time", name="times"),
        CheckConstraint("notice_hours >= 0", name="notice"),
        # One wish for each session.
        Index(
            "uq_wishes_session",
            "practice_id",
            "session_id",
            unique=True,
            postgresql_where=text("session_id IS NOT NULL AND ended_at IS NULL"),
        ),
        Index(None, "practice_id", "client_id"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "made_at", "id"),
        # For the worker: the wishes of a practice that have not ended.
        Index(
            "ix_wishes_active", "practice_id", "made_at", postgresql_where=text("ended_at IS NULL")
        ),
        # Whether anybody waits for a practitioner, for a service with any of them, or for a group.
        Index(
            "ix_wishes_for",
            "practice_id",
            "practitioner_id",
            "service_id",
            postgresql_where=text("ended_at IS NULL AND paused_at IS NULL"),
        ),
    )


class WaitlistMark(PracticeRow, Base):
    """How far the worker has read the practice's audit log for freed times."""

    __tablename__ = "waitlist_marks"
    read_until: Mapped[datetime]
    __table_args__ = (practice_reference(),)


class FreedTime(Identified, Base):
    """A time that was given up, and how far the clients who wait have been asked for it.

    `change_id` is the audit log's entry that freed it: each entry frees a time of a practitioner
    once. What a change of a schedule frees has one row for each day, or part of a day. `service_id`
    is the service that took the time, if any did, and `session_id` the session that gave it up: its
    client is not asked for it. With `group_id` it is a seat of that group, which was at this time:
    the seat is offered at the present one.

    `released`: the session still takes the time or the seat, and gives it up only if somebody takes
    it, while the release lasts (`sessions.release_until`).

    The worker looks at it again at `look_at`, until `ended_at`: the time is then open to all.
    """

    __tablename__ = "freed_times"
    change_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    service_id: Mapped[UUID | None]
    session_id: Mapped[UUID | None]
    group_id: Mapped[UUID | None]
    released: Mapped[bool] = mapped_column(server_default=false())
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    freed_at: Mapped[datetime]
    look_at: Mapped[datetime]
    first_offered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        reference("change_id", "changes"),
        reference("practitioner_id", "practitioners"),
        reference("service_id", "services"),
        reference("session_id", "sessions"),
        reference("group_id", "groups"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("NOT released OR session_id IS NOT NULL", name="released"),
        Index(
            "uq_freed_times_once",
            "practice_id",
            "change_id",
            "practitioner_id",
            "starts_at",
            unique=True,
        ),
        # A session's time is released once at a time.
        Index(
            "uq_freed_times_released",
            "practice_id",
            "session_id",
            unique=True,
            postgresql_where=text("released AND ended_at IS NULL"),
        ),
        Index(
            "ix_freed_times_due",
            "practice_id",
            "look_at",
            postgresql_where=text("ended_at IS NULL"),
        ),
    )


class Offer(Identified, Base):
    """A freed time that one client is asked for. `holds`: it is kept for them until `answer_by`.

    For a session (`session_id`) accepting moves it; else it books one, at `price_minor` or with a
    credit of `package_id`. `booked_session_id` is the session that was moved or booked.

    `gone`: it was withdrawn because its client could not accept it any more. The client may be
    asked again for what is left of the freed time.
    """

    __tablename__ = "offers"
    wish_id: Mapped[UUID]
    freed_time_id: Mapped[UUID]
    client_id: Mapped[UUID]
    session_id: Mapped[UUID | None]
    service_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    package_id: Mapped[UUID | None]
    price_minor: Mapped[int | None]
    state: Mapped[str]
    gone: Mapped[bool] = mapped_column(server_default=false())
    holds: Mapped[bool]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    old_starts_at: Mapped[datetime | None]
    booked_session_id: Mapped[UUID | None]
    made_at: Mapped[datetime]
    answer_by: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (
        reference("wish_id", "wishes"),
        reference("freed_time_id", "freed_times"),
        reference("client_id", "clients"),
        reference("session_id", "sessions"),
        reference("service_id", "services"),
        reference("practitioner_id", "practitioners"),
        reference("group_id", "groups"),
        reference("package_id", "packages"),
        reference("location_id", "locations"),
        reference("booked_session_id", "sessions"),
        CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')", name="state"
        ),
        CheckConstraint("NOT gone OR state = 'withdrawn'", name="gone"),
        CheckConstraint("(state = 'open') = (ended_at IS NULL)", name="ended"),
        CheckConstraint("(state = 'accepted') = (booked_session_id IS NOT NULL)", name="accepted"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("price_minor >= 0", name="price"),
        # Nobody is asked twice for the same start, also if two workers ask at once.
        Index(
            "uq_offers_once", "practice_id", "freed_time_id", "wish_id", "starts_at", unique=True
        ),
        # One open offer for each wish, and one client at a time for whom a time is kept.
        Index(
            "uq_offers_open",
            "practice_id",
            "wish_id",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "uq_offers_held",
            "practice_id",
            "freed_time_id",
            unique=True,
            postgresql_where=text("state = 'open' AND holds"),
        ),
        Index(None, "practice_id", "client_id", "made_at"),
        Index(None, "practice_id", "made_at", "id"),
        Index(
            "ix_offers_answer_by",
            "practice_id",
            "answer_by",
            postgresql_where=text("state = 'open'"),
        ),
    )
