"""All tables of the first version, and those of the job library."""

import sqlalchemy as sa
from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from sqlalchemy import AdaptedConnection
from sqlalchemy.dialects import postgresql

revision = "20261122_initial"
down_revision = None
branch_labels = None
depends_on = None


def run_script(sql: str) -> None:
    """Run several statements at once, which the driver accepts only without preparing them."""
    connection: AdaptedConnection = op.get_bind().connection.dbapi_connection  # type: ignore[assignment]
    connection.run_async(lambda driver: driver.execute(sql))


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.create_table(
        "idempotency_keys",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("etag", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "char_length(key) BETWEEN 1 AND 255", name=op.f("ck_idempotency_keys_length")
        ),
        sa.PrimaryKeyConstraint("practice_id", "scope", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_table(
        "practices",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_practices_currency")),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_practices")),
    )
    op.create_table(
        "clients",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("token_generation", sa.Integer(), nullable=False),
        sa.Column("address_generation", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_clients_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_clients")),
    )
    op.create_index(
        op.f("ix_clients_practice_id_email"), "clients", ["practice_id", "email"], unique=False
    )
    op.create_table(
        "locations",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_locations_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_locations")),
    )
    op.create_table(
        "practitioners",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("video_url", sa.Text(), nullable=True),
        sa.Column("sessions_per_day", sa.Integer(), nullable=True),
        sa.Column("sessions_per_week", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "sessions_per_day > 0 AND sessions_per_week > 0", name=op.f("ck_practitioners_limits")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_practitioners_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_practitioners")),
    )
    op.create_table(
        "services",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("step_minutes", sa.Integer(), nullable=False),
        sa.Column("minimum_notice_minutes", sa.Integer(), nullable=False),
        sa.Column("horizon_days", sa.Integer(), nullable=False),
        sa.Column("reminder_minutes", sa.ARRAY(sa.Integer()), nullable=False),
        sa.CheckConstraint(
            "buffer_after_minutes BETWEEN 0 AND 1440", name=op.f("ck_services_buffer_after")
        ),
        sa.CheckConstraint(
            "buffer_before_minutes BETWEEN 0 AND 1440", name=op.f("ck_services_buffer_before")
        ),
        sa.CheckConstraint(
            "cardinality(reminder_minutes) <= 3", name=op.f("ck_services_reminders")
        ),
        sa.CheckConstraint(
            "duration_minutes BETWEEN 1 AND 1440", name=op.f("ck_services_duration")
        ),
        sa.CheckConstraint("horizon_days BETWEEN 0 AND 366", name=op.f("ck_services_horizon")),
        sa.CheckConstraint("minimum_notice_minutes >= 0", name=op.f("ck_services_minimum_notice")),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_services_price")),
        sa.CheckConstraint("step_minutes BETWEEN 1 AND 1440", name=op.f("ck_services_step")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_services_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_services")),
    )
    op.create_table(
        "busy_intervals",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('time_off', 'external')", name=op.f("ck_busy_intervals_kind")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_busy_intervals_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_busy_intervals_practice_id_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_busy_intervals")),
    )
    op.create_index(
        op.f("ix_busy_intervals_practice_id_practitioner_id_ends_at"),
        "busy_intervals",
        ["practice_id", "practitioner_id", "ends_at"],
        unique=False,
    )
    op.create_table(
        "hours_overrides",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=True),
        sa.Column("end_minute", sa.Integer(), nullable=True),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_hours_overrides_format")
        ),
        sa.CheckConstraint(
            "(start_minute IS NULL) = (end_minute IS NULL)", name=op.f("ck_hours_overrides_closed")
        ),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute", name=op.f("ck_hours_overrides_order")
        ),
        sa.CheckConstraint("end_minute <= 1440", name=op.f("ck_hours_overrides_end")),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_hours_overrides_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_hours_overrides_practice_id_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_hours_overrides")),
    )
    op.create_index(
        op.f("ix_hours_overrides_practice_id_practitioner_id_date"),
        "hours_overrides",
        ["practice_id", "practitioner_id", "date"],
        unique=False,
    )
    op.create_table(
        "packages",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("credits", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("credits > 0", name=op.f("ck_packages_credits")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_packages_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_packages_practice_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_packages")),
    )
    op.create_index(
        op.f("ix_packages_practice_id_client_id"),
        "packages",
        ["practice_id", "client_id"],
        unique=False,
    )
    op.create_table(
        "policy_versions",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("rules", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(practitioner_id, service_id) <= 1", name=op.f("ck_policy_versions_scope")
        ),
        sa.CheckConstraint("number > 0", name=op.f("ck_policy_versions_number")),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_policy_versions_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_policy_versions_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_policy_versions_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_policy_versions")),
        sa.UniqueConstraint(
            "practice_id",
            "service_id",
            "practitioner_id",
            "number",
            name=op.f("uq_policy_versions_practice_id_service_id_practitioner_id_number"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "service_formats",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(format = 'in_person') = (location_id IS NOT NULL)",
            name=op.f("ck_service_formats_location"),
        ),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_service_formats_format")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_service_formats_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_service_formats_practice_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_service_formats")),
        sa.UniqueConstraint(
            "practice_id",
            "service_id",
            "format",
            "location_id",
            name=op.f("uq_service_formats_practice_id_service_id_format_location_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "working_hours",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("weekday", sa.Integer(), nullable=False),
        sa.Column("start_minute", sa.Integer(), nullable=False),
        sa.Column("end_minute", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=True),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_working_hours_format")
        ),
        sa.CheckConstraint(
            "0 <= start_minute AND start_minute < end_minute", name=op.f("ck_working_hours_order")
        ),
        sa.CheckConstraint("end_minute <= 1440", name=op.f("ck_working_hours_end")),
        sa.CheckConstraint("weekday BETWEEN 1 AND 7", name=op.f("ck_working_hours_weekday")),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_working_hours_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_working_hours_practice_id_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_working_hours")),
    )
    op.create_index(
        op.f("ix_working_hours_practice_id_practitioner_id"),
        "working_hours",
        ["practice_id", "practitioner_id"],
        unique=False,
    )
    op.create_table(
        "sessions",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("policy_version_id", sa.Uuid(), nullable=True),
        sa.Column("policy_time_zone", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("calendar_sequence", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("span_before", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("span_after", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("join_url", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("booked_starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_moves", sa.Integer(), nullable=False),
        sa.Column("link_generation", sa.Integer(), nullable=False),
        postgresql.ExcludeConstraint(
            (sa.column("practice_id"), "="),
            (sa.column("practitioner_id"), "="),
            (sa.column("span_after"), "&&"),
            where=sa.text("status = 'booked'"),
            using="gist",
            name="no_overlap_after",
        ),
        postgresql.ExcludeConstraint(
            (sa.column("practice_id"), "="),
            (sa.column("practitioner_id"), "="),
            (sa.column("span_before"), "&&"),
            where=sa.text("status = 'booked'"),
            using="gist",
            name="no_overlap_before",
        ),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_sessions_format")
        ),
        sa.CheckConstraint(
            "status IN ('booked', 'cancelled', 'fulfilled', 'noshow')",
            name=op.f("ck_sessions_status"),
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_sessions_price")),
        sa.CheckConstraint(
            "span_after = tstzrange(starts_at, ends_at + make_interval(mins => buffer_after_minutes))",
            name=op.f("ck_sessions_span_after"),
        ),
        sa.CheckConstraint(
            "span_before = tstzrange(starts_at - make_interval(mins => buffer_before_minutes), ends_at)",
            name=op.f("ck_sessions_span_before"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_sessions_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_sessions_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_sessions_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "policy_version_id"],
            ["policy_versions.practice_id", "policy_versions.id"],
            name=op.f("fk_sessions_practice_id_policy_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_sessions_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_sessions_practice_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_practice_id_client_id_starts_at_id"),
        "sessions",
        ["practice_id", "client_id", "starts_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sessions_practice_id_practitioner_id_starts_at"),
        "sessions",
        ["practice_id", "practitioner_id", "starts_at"],
        unique=False,
        postgresql_where=sa.text("status = 'booked'"),
    )
    op.create_table(
        "changes",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("session_version", sa.Integer(), nullable=False),
        sa.Column("calendar_sequence", sa.Integer(), nullable=False),
        sa.Column("reason_code", sa.Text(), nullable=True),
        sa.Column("old_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("old_format", sa.Text(), nullable=True),
        sa.Column("old_location_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("join_url", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("fee_minor", sa.Integer(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("credit", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "actor IN ('client', 'link', 'practice')", name=op.f("ck_changes_actor")
        ),
        sa.CheckConstraint(
            "credit IN ('returned', 'forfeited', 'kept')", name=op.f("ck_changes_credit")
        ),
        sa.CheckConstraint(
            "kind IN ('booked', 'rescheduled', 'format_changed', 'cancelled')",
            name=op.f("ck_changes_kind"),
        ),
        sa.CheckConstraint("fee_minor > 0", name=op.f("ck_changes_fee")),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_changes_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "old_location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_changes_practice_id_old_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_changes_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_changes")),
    )
    op.create_index(
        op.f("ix_changes_practice_id_session_id_at"),
        "changes",
        ["practice_id", "session_id", "at"],
        unique=False,
    )
    op.create_table(
        "credit_redemptions",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("package_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("redeemed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forfeited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("usable_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reused_redemption_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(returned_at, forfeited_at) <= 1", name=op.f("ck_credit_redemptions_end")
        ),
        sa.CheckConstraint(
            "usable_until IS NULL OR returned_at IS NOT NULL",
            name=op.f("ck_credit_redemptions_usable"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "package_id"],
            ["packages.practice_id", "packages.id"],
            name=op.f("fk_credit_redemptions_practice_id_package_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "reused_redemption_id"],
            ["credit_redemptions.practice_id", "credit_redemptions.id"],
            name=op.f("fk_credit_redemptions_practice_id_reused_redemption_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_credit_redemptions_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_credit_redemptions")),
        sa.UniqueConstraint(
            "practice_id",
            "reused_redemption_id",
            name=op.f("uq_credit_redemptions_practice_id_reused_redemption_id"),
        ),
    )
    op.create_index(
        op.f("ix_credit_redemptions_practice_id_package_id"),
        "credit_redemptions",
        ["practice_id", "package_id"],
        unique=False,
    )
    op.create_index(
        "uq_credit_redemptions_session",
        "credit_redemptions",
        ["practice_id", "session_id"],
        unique=True,
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.create_table(
        "change_notes",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "char_length(note) BETWEEN 1 AND 500", name=op.f("ck_change_notes_length")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "change_id"],
            ["changes.practice_id", "changes.id"],
            name=op.f("fk_change_notes_practice_id_change_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "change_id", name=op.f("pk_change_notes")),
    )
    op.create_table(
        "fees",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('due', 'waived', 'settled')", name=op.f("ck_fees_status")),
        sa.CheckConstraint("amount_minor > 0", name=op.f("ck_fees_amount")),
        sa.ForeignKeyConstraint(
            ["practice_id", "change_id"],
            ["changes.practice_id", "changes.id"],
            name=op.f("fk_fees_practice_id_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_fees_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_fees")),
        sa.UniqueConstraint("practice_id", "change_id", name=op.f("uq_fees_practice_id_change_id")),
    )
    op.create_index(
        op.f("ix_fees_practice_id_session_id"), "fees", ["practice_id", "session_id"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('booked', 'rescheduled', 'cancelled', 'reminder')",
            name=op.f("ck_notices_kind"),
        ),
        sa.CheckConstraint(
            "recipient IN ('client', 'practitioner')", name=op.f("ck_notices_recipient")
        ),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'dropped', 'failed')", name=op.f("ck_notices_status")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "change_id"],
            ["changes.practice_id", "changes.id"],
            name=op.f("fk_notices_practice_id_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_notices_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_notices")),
    )
    op.create_index(
        "ix_notices_pending",
        "notices",
        ["practice_id", "send_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.create_index(
        op.f("ix_notices_practice_id_change_id"),
        "notices",
        ["practice_id", "change_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_notices_practice_id_session_id"),
        "notices",
        ["practice_id", "session_id"],
        unique=False,
    )
    run_script(QueryBuilderEnvironment().build_install_query())


def downgrade() -> None:
    run_script(QueryBuilderEnvironment().build_uninstall_query())
    op.drop_index(op.f("ix_notices_practice_id_session_id"), table_name="notices")
    op.drop_index(
        "ix_notices_pending",
        table_name="notices",
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.drop_index(op.f("ix_notices_practice_id_change_id"), table_name="notices")
    op.drop_table("notices")
    op.drop_index(op.f("ix_fees_practice_id_session_id"), table_name="fees")
    op.drop_table("fees")
    op.drop_table("change_notes")
    op.drop_index(
        "uq_credit_redemptions_session",
        table_name="credit_redemptions",
        postgresql_where=sa.text("returned_at IS NULL"),
    )
    op.drop_index(
        op.f("ix_credit_redemptions_practice_id_package_id"), table_name="credit_redemptions"
    )
    op.drop_table("credit_redemptions")
    op.drop_index(op.f("ix_changes_practice_id_session_id_at"), table_name="changes")
    op.drop_table("changes")
    op.drop_index(
        op.f("ix_sessions_practice_id_practitioner_id_starts_at"),
        table_name="sessions",
        postgresql_where=sa.text("status = 'booked'"),
    )
    op.drop_index(op.f("ix_sessions_practice_id_client_id_starts_at_id"), table_name="sessions")
    op.drop_table("sessions")
    op.drop_index(op.f("ix_working_hours_practice_id_practitioner_id"), table_name="working_hours")
    op.drop_table("working_hours")
    op.drop_table("service_formats")
    op.drop_table("policy_versions")
    op.drop_index(op.f("ix_packages_practice_id_client_id"), table_name="packages")
    op.drop_table("packages")
    op.drop_index(
        op.f("ix_hours_overrides_practice_id_practitioner_id_date"), table_name="hours_overrides"
    )
    op.drop_table("hours_overrides")
    op.drop_index(
        op.f("ix_busy_intervals_practice_id_practitioner_id_ends_at"), table_name="busy_intervals"
    )
    op.drop_table("busy_intervals")
    op.drop_table("services")
    op.drop_table("practitioners")
    op.drop_table("locations")
    op.drop_index(op.f("ix_clients_practice_id_email"), table_name="clients")
    op.drop_table("clients")
    op.drop_table("practices")
    op.drop_table("idempotency_keys")
    op.execute("DROP EXTENSION btree_gist")
