"""Tables of sessions, their fees and credits."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    CheckConstraint,
    Index,
    UniqueConstraint,
    Uuid,
    and_,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference, unique_external_ref
from app.tables.practices import FORMATS


class Session(Identified, Base):
    """A service that a client has booked. Its id, policy version, price and buffers never change.

    `taken_until` is the end of the time that the session takes from its client, null if it takes
    none (docs/decisions/0017-taken-time.md). The time that it takes from its practitioner is a row
    of `taken_times`.

    `carried_fee_minor` and `carried_forfeit` are the minimum cost of a cancellation because of the
    client's moves; the first such move made the version `carried_since`
    (docs/decisions/0016-carried-cost.md).

    A session with a `group_id` is one seat of that group. `seat` is its number until it is
    cancelled, so that no seat is taken twice.

    A session with a `series_id` is one date of that series. `series_starts_at` is its start in the
    series' rhythm; if the session starts at another time, it was moved alone.

    `moved_by_practice`: the practice has moved the session since its client last moved it.

    `grace_from` is when the session was booked: the grace of its policy counts from it. Null: it
    was booked again after its end, moved after the end of its grace, or booked before policies had
    one (docs/decisions/0044-grace-and-targets.md).

    `paid_before_minor` was paid for ends after which the session was booked again: a later
    cancellation costs so much less (docs/decisions/0036-rebooking.md).

    `pushed` is what the practice's own software last wrote for the `external_ref`
    (app/sessions/commands/push.py).

    `absence_change_id` is the change with which the client has announced that they cannot come,
    until the session moves or its end is undone (docs/decisions/0037-absence.md).

    `confirmed_at` is when the client said that they are coming, until the session moves or is
    cancelled, or they announce that they cannot come (docs/decisions/0042-confirm-and-nudge.md).

    `undo_until` is set if the latest change is the client's own and they may take it back until
    then; `undo` is what is needed for that (app/sessions/commands/undo_window.py).

    `release_until`: until then the client gives up the time if somebody who waits takes it
    (docs/decisions/0039-release.md).

    `frozen_deadlines` are the instants of the policy's deadlines in working days, null if it has
    none (app/policies/stored.py, docs/decisions/0045-working-days.md).
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
    taken_until: Mapped[datetime | None]
    format: Mapped[str]
    location_id: Mapped[UUID | None]
    join_url: Mapped[str | None]
    instructions: Mapped[str | None]
    price_minor: Mapped[int]
    currency: Mapped[str]
    booked_starts_at: Mapped[datetime]
    client_moves: Mapped[int]
    carried_fee_minor: Mapped[int] = mapped_column(server_default="0")
    carried_forfeit: Mapped[bool] = mapped_column(server_default=false())
    carried_since: Mapped[int | None]
    link_generation: Mapped[int]
    external_ref: Mapped[str | None]
    pushed: Mapped[dict[str, Any] | None]
    group_id: Mapped[UUID | None]
    seat: Mapped[int | None]
    series_id: Mapped[UUID | None]
    series_position: Mapped[int | None]
    series_starts_at: Mapped[datetime | None]
    moved_by_practice: Mapped[bool] = mapped_column(server_default=false())
    undo_until: Mapped[datetime | None]
    undo: Mapped[dict[str, Any] | None]
    paid_before_minor: Mapped[int] = mapped_column(server_default="0")
    absence_change_id: Mapped[UUID | None]
    release_until: Mapped[datetime | None]
    grace_from: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    frozen_deadlines: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB(none_as_null=True))
    __table_args__ = (
        unique_external_ref(),
        reference("client_id", "clients"),
        reference("practitioner_id", "practitioners"),
        reference("service_id", "services"),
        reference("policy_version_id", "policy_versions"),
        reference("location_id", "locations"),
        reference("group_id", "groups"),
        reference("series_id", "series"),
        reference("absence_change_id", "changes", back=True),
        CheckConstraint("status IN ('booked', 'cancelled', 'fulfilled', 'noshow')", name="status"),
        CheckConstraint("seat > 0", name="seat"),
        CheckConstraint(
            "(seat IS NOT NULL) = (group_id IS NOT NULL AND status <> 'cancelled')",
            name="seat_taken",
        ),
        CheckConstraint(
            "num_nulls(series_id, series_position, series_starts_at) IN (0, 3)", name="series"
        ),
        CheckConstraint("(undo IS NULL) = (undo_until IS NULL)", name="undo"),
        CheckConstraint(
            "release_until IS NULL OR status = 'booked' AND release_until < starts_at",
            name="release",
        ),
        CheckConstraint(
            "confirmed_at IS NULL OR status <> 'cancelled' AND absence_change_id IS NULL",
            name="confirmed",
        ),
        UniqueConstraint("practice_id", "group_id", "seat"),
        UniqueConstraint("practice_id", "series_id", "series_position"),
        CheckConstraint(f"format IN {FORMATS}", name="format"),
        CheckConstraint("starts_at < ends_at", name="order"),
        CheckConstraint("price_minor >= 0", name="price"),
        CheckConstraint("carried_fee_minor >= 0", name="carried_fee"),
        CheckConstraint("paid_before_minor >= 0", name="paid_before"),
        CheckConstraint(
            "CASE status WHEN 'booked' THEN taken_until IS NOT NULL AND taken_until = ends_at "
            "WHEN 'cancelled' THEN taken_until IS NULL "
            "WHEN 'fulfilled' THEN taken_until = ends_at "
            "ELSE taken_until > starts_at AND taken_until <= ends_at END",
            name="taken",
        ),
        Index(None, "practice_id", "client_id", "starts_at", "id"),
        Index(None, "practice_id", "starts_at", "id"),
        Index(None, "practice_id", "practitioner_id", "starts_at"),
        Index(
            None,
            "practice_id",
            "location_id",
            "starts_at",
            "id",
            postgresql_where=text("location_id IS NOT NULL"),
        ),
        Index(
            "ix_sessions_release",
            "practice_id",
            "release_until",
            postgresql_where=text("release_until IS NOT NULL"),
        ),
    )


class Fee(Identified, Base):
    """A fee that a change caused. A change causes at most one. The practice collects it.

    `status` is `due` until the fee is waived or settled (`payment_reference` identifies the
    payment), `void` after its change was undone, or `forgiven` by a rule of the policy.

    The practice may collect the fee only after `collect_after`; null: at once. `announced_at` is
    when webhooks were told that it can be collected.
    """

    __tablename__ = "fees"
    session_id: Mapped[UUID]
    change_id: Mapped[UUID]
    amount_minor: Mapped[int]
    currency: Mapped[str]
    status: Mapped[str]
    recorded_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    payment_reference: Mapped[str | None]
    collect_after: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("change_id", "changes"),
        CheckConstraint("amount_minor > 0", name="amount"),
        CheckConstraint(
            "status IN ('due', 'waived', 'settled', 'void', 'forgiven')", name="status"
        ),
        CheckConstraint("(status = 'due') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("announced_at IS NULL OR announced_at > collect_after", name="announced"),
        UniqueConstraint("practice_id", "change_id"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "recorded_at", "id"),
        Index(
            "ix_fees_to_announce",
            "practice_id",
            "collect_after",
            postgresql_where=text(
                "status = 'due' AND collect_after IS NOT NULL AND announced_at IS NULL"
            ),
        ),
    )


class Refill(Identified, Base):
    """A cancellation whose cost is forgiven if others take the freed time.

    `id` is the id of the cancellation's change. `state` is `pending` until the freed start, then
    `refilled` or `open`, or `void` after the cancellation was undone. `covered_by` are the sessions
    that filled the time; one session is in one row only.
    """

    __tablename__ = "refills"
    session_id: Mapped[UUID]
    practitioner_id: Mapped[UUID]
    client_id: Mapped[UUID]
    group_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    cancelled_at: Mapped[datetime]
    covered_percent: Mapped[int]
    state: Mapped[str]
    judged_at: Mapped[datetime | None]
    covered_by: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    __table_args__ = (
        reference("id", "changes"),
        reference("session_id", "sessions"),
        reference("practitioner_id", "practitioners"),
        reference("client_id", "clients"),
        reference("group_id", "groups"),
        CheckConstraint("state IN ('pending', 'refilled', 'open', 'void')", name="state"),
        CheckConstraint("(state = 'refilled') = (cardinality(covered_by) > 0)", name="covered"),
        CheckConstraint("(judged_at IS NOT NULL) = (state IN ('refilled', 'open'))", name="judged"),
        CheckConstraint("covered_percent BETWEEN 1 AND 100", name="percent"),
        Index(
            "ix_refills_pending",
            "practice_id",
            "starts_at",
            postgresql_where=text("state = 'pending'"),
        ),
        Index(None, "practice_id", "practitioner_id", "starts_at"),
    )


class CreditRedemption(Identified, Base):
    """A package credit that pays for a session. `returned_at` marks a credit that was returned.

    A forfeited credit with `replaced_at` pays no longer: another one has paid since the session was
    booked again. Only a refill returns it.

    `usable_until` is set if the package of a returned credit has expired or will soon. A redemption
    of such a credit references the one that it was returned from in `reused_redemption_id`, which
    is unique.
    """

    __tablename__ = "credit_redemptions"
    package_id: Mapped[UUID]
    session_id: Mapped[UUID]
    redeemed_at: Mapped[datetime]
    returned_at: Mapped[datetime | None]
    forfeited_at: Mapped[datetime | None]
    replaced_at: Mapped[datetime | None]
    usable_until: Mapped[datetime | None]
    reused_redemption_id: Mapped[UUID | None]
    __table_args__ = (
        reference("package_id", "packages"),
        reference("session_id", "sessions"),
        reference("reused_redemption_id", "credit_redemptions"),
        CheckConstraint("num_nonnulls(returned_at, forfeited_at) <= 1", name="end"),
        CheckConstraint(
            "replaced_at IS NULL OR num_nonnulls(returned_at, forfeited_at) = 1", name="replaced"
        ),
        CheckConstraint("usable_until IS NULL OR returned_at IS NOT NULL", name="usable"),
        UniqueConstraint("practice_id", "reused_redemption_id"),
        Index(
            "uq_credit_redemptions_session",
            "practice_id",
            "session_id",
            unique=True,
            postgresql_where=text("returned_at IS NULL AND replaced_at IS NULL"),
        ),
        Index(None, "practice_id", "package_id"),
    )


# The credit that pays for a session; a forfeited one does too, until it is replaced.
PAYS = and_(CreditRedemption.returned_at.is_(None), CreditRedemption.replaced_at.is_(None))
