"""Tables of the practice and its records."""

import datetime as dt
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import (
    Base,
    Identified,
    PracticeRecord,
    PracticeRow,
    practice_reference,
    reference,
    unique_external_ref,
)

FORMATS = "('in_person', 'video', 'phone')"


def _picture_reference(column: str) -> ForeignKeyConstraint:
    """Reference a picture, whose table references the practice."""
    return ForeignKeyConstraint(
        ["practice_id", column], ["pictures.practice_id", "pictures.name"], use_alter=True
    )


class Practice(Base):
    """The tenant. All its rows in other tables have its `practice_id`.

    While `closed_at` has a value, the practice is closed: product.md section 10. On the ISO
    weekdays of `closed_weekdays` it does not work, as on its holidays.

    `address` is the postal one. `sender_name` is the name from which its mails come; null: `name`.
    `accent` (`#rrggbb`), `logo`, `welcome` and `footer` are its own look: product.md section 10.

    `text_details`: what text messages to clients may say besides the time.
    """

    __tablename__ = "practices"
    practice_id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    currency: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    closed_weekdays: Mapped[list[int]] = mapped_column(ARRAY(Integer), server_default="{}")
    address: Mapped[str | None]
    website: Mapped[str | None]
    sender_name: Mapped[str | None]
    accent: Mapped[str | None]
    logo: Mapped[str | None]
    welcome: Mapped[str | None]
    footer: Mapped[str | None]
    text_details: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default="{}")
    __table_args__ = (
        _picture_reference("logo"),
        CheckConstraint(
            "text_details <@ ARRAY['service', 'practitioner']::text[]", name="text_details"
        ),
        CheckConstraint("accent ~ '^#[0-9a-f]{6}$'", name="accent"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(
            "closed_weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7] AND cardinality(closed_weekdays) <= 6",
            name="closed_weekdays",
        ),
    )


class Practitioner(PracticeRecord, Base):
    """A person who gives sessions. `video_url` is the room of their video sessions.

    If `email` or `phone` is null, the practice's is used. `photo` is the name of a picture.
    `locale` is the BCP 47 tag of the language of their mails; null: English.
    """

    __tablename__ = "practitioners"
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    time_zone: Mapped[str]
    video_url: Mapped[str | None]
    sessions_per_day: Mapped[int | None]
    sessions_per_week: Mapped[int | None]
    photo: Mapped[str | None]
    locale: Mapped[str | None]
    __table_args__ = (
        practice_reference(),
        unique_external_ref(),
        _picture_reference("photo"),
        CheckConstraint("sessions_per_day > 0 AND sessions_per_week > 0", name="limits"),
    )


class Location(PracticeRecord, Base):
    """A place of in-person sessions. `time_zone` null: that of the practitioner."""

    __tablename__ = "locations"
    name: Mapped[str]
    address: Mapped[str]
    time_zone: Mapped[str | None]
    __table_args__ = (practice_reference(), unique_external_ref())


class Service(PracticeRecord, Base):
    """A service that can be booked. `reminder_minutes` are minutes before the start.

    `waitlist` says how the clients who wait for a freed time are asked: `in_turn`, `all_at_once`,
    or not (`off`). `offer_minutes` is how long an offer lasts. `nudge_hours_before` is how long
    before the end of free cancellation clients are told of it; null: never.
    """

    __tablename__ = "services"
    name: Mapped[str]
    duration_minutes: Mapped[int]
    buffer_before_minutes: Mapped[int]
    buffer_after_minutes: Mapped[int]
    price_minor: Mapped[int]
    step_minutes: Mapped[int]
    minimum_notice_minutes: Mapped[int]
    horizon_days: Mapped[int]
    reminder_minutes: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    waitlist: Mapped[str] = mapped_column(server_default="in_turn")
    offer_minutes: Mapped[int] = mapped_column(server_default="60")
    nudge_hours_before: Mapped[int | None]
    __table_args__ = (
        practice_reference(),
        unique_external_ref(),
        CheckConstraint("duration_minutes BETWEEN 1 AND 1440", name="duration"),
        CheckConstraint("buffer_before_minutes BETWEEN 0 AND 1440", name="buffer_before"),
        CheckConstraint("buffer_after_minutes BETWEEN 0 AND 1440", name="buffer_after"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("step_minutes BETWEEN 1 AND 1440", name="step"),
        CheckConstraint("minimum_notice_minutes >= 0", name="minimum_notice"),
        CheckConstraint("horizon_days BETWEEN 0 AND 366", name="horizon"),
        CheckConstraint("cardinality(reminder_minutes) <= 3", name="reminders"),
        CheckConstraint("waitlist IN ('in_turn', 'all_at_once', 'off')", name="waitlist"),
        CheckConstraint("offer_minutes BETWEEN 10 AND 1440", name="offer_minutes"),
        CheckConstraint("nudge_hours_before BETWEEN 1 AND 720", name="nudge"),
    )


class ServiceFormat(Identified, Base):
    """A format in which a service is available. `in_person` has one row for each location.

    `instructions` tell the client how to join, for example who calls whom.
    """

    __tablename__ = "service_formats"
    service_id: Mapped[UUID]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    instructions: Mapped[str | None]
    __table_args__ = (
        reference("service_id", "services"),
        reference("location_id", "locations"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("(format = 'in_person') = (location_id IS NOT NULL)", name="location"),
        UniqueConstraint(
            "practice_id",
            "service_id",
            "format",
            "location_id",
            postgresql_nulls_not_distinct=True,
        ),
    )


class WorkingHours(Identified, Base):
    """Weekly hours: minutes since local midnight on an ISO weekday (1 is Monday)."""

    __tablename__ = "working_hours"
    practitioner_id: Mapped[UUID]
    weekday: Mapped[int]
    start_minute: Mapped[int]
    end_minute: Mapped[int]
    format: Mapped[str | None]
    location_id: Mapped[UUID | None]
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("location_id", "locations"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="weekday"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute", name="order"),
        CheckConstraint("end_minute <= 1440", name="end"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        Index(None, "practice_id", "practitioner_id"),
    )


class HoursOverride(Identified, Base):
    """An interval that replaces the weekly hours of a date. Without minutes: closed all day."""

    __tablename__ = "hours_overrides"
    practitioner_id: Mapped[UUID]
    date: Mapped[date]
    start_minute: Mapped[int | None]
    end_minute: Mapped[int | None]
    format: Mapped[str | None]
    location_id: Mapped[UUID | None]
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("location_id", "locations"),
        CheckConstraint("(start_minute IS NULL) = (end_minute IS NULL)", name="closed"),
        CheckConstraint("0 <= start_minute AND start_minute < end_minute", name="order"),
        CheckConstraint("end_minute <= 1440", name="end"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        Index(None, "practice_id", "practitioner_id", "date"),
    )


class Holiday(PracticeRow, Base):
    """A local date on which all practitioners without an override of that date are closed."""

    __tablename__ = "holidays"
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    __table_args__ = (practice_reference(),)


class BusyInterval(Identified, Base):
    """Time off, or busy time from an external calendar, which `source` names.

    `external_ref` is the id of time off in the practice's own software.
    """

    __tablename__ = "busy_intervals"
    practitioner_id: Mapped[UUID]
    kind: Mapped[str]
    source: Mapped[str | None]
    external_ref: Mapped[str | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        unique_external_ref(),
        CheckConstraint("kind IN ('time_off', 'external')", name="kind"),
        CheckConstraint("(kind = 'external') = (source IS NOT NULL)", name="source"),
        CheckConstraint("starts_at < ends_at", name="order"),
        Index(None, "practice_id", "practitioner_id", "ends_at"),
    )


class PolicyVersion(Identified, Base):
    """One immutable version of the policy of a service, a practitioner, or the whole practice.

    `rules` null: from this version on there is no policy at this level.
    """

    __tablename__ = "policy_versions"
    practitioner_id: Mapped[UUID | None]
    service_id: Mapped[UUID | None]
    number: Mapped[int]
    text: Mapped[str]
    rules: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("service_id", "services"),
        practice_reference(),
        CheckConstraint("num_nonnulls(practitioner_id, service_id) <= 1", name="scope"),
        CheckConstraint("number > 0", name="number"),
        UniqueConstraint(
            "practice_id",
            "service_id",
            "practitioner_id",
            "number",
            postgresql_nulls_not_distinct=True,
        ),
    )


class Client(PracticeRecord, Base):
    """A person who receives sessions.

    Incrementing `token_generation` revokes their access tokens (sign out everywhere); at
    `tokens_ended_at` that was last done. Incrementing `address_generation` revokes the links in
    mails to their former address.

    `texts` says which text messages they get, `texts_agreed_at` since when they agree to that.
    `texts_number` is their `phone` in the form of E.164; null: text messages cannot reach it. STOP,
    sent from that number, sets `texts` to `off`; `texts_stopped` is what it was before.

    `erased_at`: since then the row says nothing of the person (docs/decisions/0054-erasure.md).
    """

    __tablename__ = "clients"
    name: Mapped[str]
    email: Mapped[str]
    phone: Mapped[str | None]
    time_zone: Mapped[str]
    locale: Mapped[str]
    token_generation: Mapped[int]
    tokens_ended_at: Mapped[datetime | None]
    address_generation: Mapped[int]
    texts: Mapped[str] = mapped_column(server_default="off")
    texts_agreed_at: Mapped[datetime | None]
    texts_number: Mapped[str | None]
    texts_stopped: Mapped[str | None]
    texts_stopped_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    __table_args__ = (
        practice_reference(),
        unique_external_ref(),
        CheckConstraint("erased_at IS NULL OR NOT active", name="erased"),
        CheckConstraint(
            "texts IN ('off', 'reminders', 'all') "
            "AND (texts = 'off' OR texts_agreed_at IS NOT NULL)",
            name="texts",
        ),
        CheckConstraint(
            "texts_stopped IN ('reminders', 'all') "
            "AND (texts_stopped IS NULL OR (texts = 'off' AND texts_stopped_at IS NOT NULL))",
            name="texts_stopped",
        ),
        Index(
            None,
            "practice_id",
            "texts_number",
            postgresql_where=text("texts_number IS NOT NULL"),
        ),
        Index("ix_clients_email", "practice_id", text("lower(email)")),
        Index(None, "practice_id", "name", "id"),
    )


class Package(PracticeRecord, Base):
    """Prepaid sessions of a service. The remaining credits are computed from the redemptions."""

    __tablename__ = "packages"
    client_id: Mapped[UUID]
    service_id: Mapped[UUID]
    name: Mapped[str]
    credits: Mapped[int]
    expires_at: Mapped[datetime | None]
    __table_args__ = (
        reference("client_id", "clients"),
        reference("service_id", "services"),
        unique_external_ref(),
        CheckConstraint("credits > 0", name="credits"),
        Index(None, "practice_id", "client_id"),
    )
