"""The practice API: API keys, sign-in, webhooks, and audit log entries about other records."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

_OF_SESSION = "session_id, session_version, calendar_sequence, starts_at, ends_at, format, currency"

revision = "20261123_practice_side"
down_revision = "20261122_initial"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_counters",
        sa.Column("address_hash", sa.LargeBinary(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("address_hash", name=op.f("pk_sign_in_counters")),
    )
    op.create_table(
        "sign_in_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_requests")),
    )
    op.create_table(
        "api_keys",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("scope IN ('read', 'write', 'admin')", name=op.f("ck_api_keys_scope")),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_api_keys_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_api_keys")),
    )
    op.create_table(
        "webhook_endpoints",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("events", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_webhook_endpoints_failures")),
        sa.ForeignKeyConstraint(
            ["practice_id"],
            ["practices.practice_id"],
            name=op.f("fk_webhook_endpoints_practice_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_webhook_endpoints")),
        sa.UniqueConstraint(
            "practice_id",
            "external_ref",
            name=op.f("uq_webhook_endpoints_practice_id_external_ref"),
        ),
    )
    op.create_table(
        "sign_in_families",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("token_generation", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("number > 0", name=op.f("ck_sign_in_families_number")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_sign_in_families_practice_id_client_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_sign_in_families")),
    )
    op.create_index(
        op.f("ix_sign_in_families_practice_id_client_id"),
        "sign_in_families",
        ["practice_id", "client_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_sign_in_families_practice_id_expires_at"),
        "sign_in_families",
        ["practice_id", "expires_at"],
        unique=False,
    )
    op.create_table(
        "sign_ins",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("token_generation", sa.Integer(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_sign_ins_practice_id_client_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_sign_ins")),
    )
    op.create_index(
        op.f("ix_sign_ins_practice_id_expires_at"),
        "sign_ins",
        ["practice_id", "expires_at"],
        unique=False,
    )
    op.add_column("busy_intervals", sa.Column("external_ref", sa.Text(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_busy_intervals_practice_id_external_ref"),
        "busy_intervals",
        ["practice_id", "external_ref"],
    )
    op.add_column("change_notes", sa.Column("origin", sa.Text(), nullable=True))
    op.alter_column("change_notes", "note", existing_type=sa.TEXT(), nullable=True)
    op.add_column("changes", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("changes", sa.Column("subject_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE changes SET subject = 'session', subject_id = session_id")
    op.alter_column("changes", "subject", nullable=False)
    op.alter_column("changes", "subject_id", nullable=False)
    op.add_column("changes", sa.Column("actor_name", sa.Text(), nullable=True))
    op.add_column("changes", sa.Column("key_id", sa.Uuid(), nullable=True))
    op.add_column(
        "changes",
        sa.Column(
            "details", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.alter_column("changes", "session_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column("changes", "session_version", existing_type=sa.INTEGER(), nullable=True)
    op.alter_column("changes", "calendar_sequence", existing_type=sa.INTEGER(), nullable=True)
    op.alter_column(
        "changes", "starts_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True
    )
    op.alter_column(
        "changes", "ends_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True
    )
    op.alter_column("changes", "format", existing_type=sa.TEXT(), nullable=True)
    op.alter_column("changes", "currency", existing_type=sa.TEXT(), nullable=True)
    op.create_index(
        op.f("ix_changes_practice_id_at_id"), "changes", ["practice_id", "at", "id"], unique=False
    )
    op.create_index(
        "ix_changes_subject",
        "changes",
        ["practice_id", "subject_id", "at"],
        unique=False,
        postgresql_where=sa.text("session_id IS NULL"),
    )
    op.create_foreign_key(
        op.f("fk_changes_practice_id_key_id"),
        "changes",
        "api_keys",
        ["practice_id", "key_id"],
        ["practice_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_changes_practice_id"), "changes", "practices", ["practice_id"], ["practice_id"]
    )
    op.add_column("clients", sa.Column("external_ref", sa.Text(), nullable=True))
    op.add_column(
        "clients", sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False)
    )
    op.drop_index(op.f("ix_clients_practice_id_email"), table_name="clients")
    op.create_index(
        "ix_clients_email", "clients", ["practice_id", sa.text("lower(email)")], unique=False
    )
    op.create_index(
        op.f("ix_clients_practice_id_name_id"),
        "clients",
        ["practice_id", "name", "id"],
        unique=False,
    )
    op.create_unique_constraint(
        op.f("uq_clients_practice_id_external_ref"), "clients", ["practice_id", "external_ref"]
    )
    op.add_column("fees", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("fees", sa.Column("payment_reference", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_fees_practice_id_recorded_at_id"),
        "fees",
        ["practice_id", "recorded_at", "id"],
        unique=False,
    )
    op.add_column("locations", sa.Column("external_ref", sa.Text(), nullable=True))
    op.add_column(
        "locations",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_unique_constraint(
        op.f("uq_locations_practice_id_external_ref"), "locations", ["practice_id", "external_ref"]
    )
    op.add_column("notices", sa.Column("endpoint_id", sa.Uuid(), nullable=True))
    op.alter_column("notices", "session_id", existing_type=sa.UUID(), nullable=True)
    op.alter_column(
        "notices", "starts_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=True
    )
    op.create_index(
        op.f("ix_notices_practice_id_send_at_id"),
        "notices",
        ["practice_id", "send_at", "id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_notices_practice_id_endpoint_id"),
        "notices",
        "webhook_endpoints",
        ["practice_id", "endpoint_id"],
        ["practice_id", "id"],
    )
    op.add_column("packages", sa.Column("external_ref", sa.Text(), nullable=True))
    op.add_column(
        "packages",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_unique_constraint(
        op.f("uq_packages_practice_id_external_ref"), "packages", ["practice_id", "external_ref"]
    )
    op.alter_column(
        "policy_versions",
        "rules",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        nullable=True,
    )
    op.add_column("practitioners", sa.Column("external_ref", sa.Text(), nullable=True))
    op.add_column(
        "practitioners",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_unique_constraint(
        op.f("uq_practitioners_practice_id_external_ref"),
        "practitioners",
        ["practice_id", "external_ref"],
    )
    op.add_column("services", sa.Column("external_ref", sa.Text(), nullable=True))
    op.add_column(
        "services",
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
    )
    op.create_unique_constraint(
        op.f("uq_services_practice_id_external_ref"), "services", ["practice_id", "external_ref"]
    )
    op.add_column("sessions", sa.Column("external_ref", sa.Text(), nullable=True))
    op.create_index(
        op.f("ix_sessions_practice_id_starts_at_id"),
        "sessions",
        ["practice_id", "starts_at", "id"],
        unique=False,
    )
    op.create_unique_constraint(
        op.f("uq_sessions_practice_id_external_ref"), "sessions", ["practice_id", "external_ref"]
    )
    op.drop_constraint(op.f("ck_changes_kind"), "changes", type_="check")
    op.drop_constraint(op.f("ck_changes_actor"), "changes", type_="check")
    op.create_check_constraint(
        op.f("ck_changes_actor"),
        "changes",
        "actor IN ('client', 'link', 'practice', 'operator', 'system')",
    )
    op.create_check_constraint(
        op.f("ck_changes_session"), "changes", f"num_nulls({_OF_SESSION}) IN (0, 7)"
    )
    op.create_check_constraint(
        op.f("ck_change_notes_content"), "change_notes", "num_nonnulls(note, origin) > 0"
    )
    op.execute("UPDATE fees SET closed_at = recorded_at WHERE status <> 'due'")
    op.drop_constraint(op.f("ck_fees_status"), "fees", type_="check")
    op.create_check_constraint(
        op.f("ck_fees_status"), "fees", "status IN ('due', 'waived', 'settled', 'void')"
    )
    op.create_check_constraint(
        op.f("ck_fees_closed"), "fees", "(status = 'due') = (closed_at IS NULL)"
    )
    op.execute(
        "UPDATE busy_intervals SET source = 'other' WHERE kind = 'external' AND source IS NULL"
    )
    op.execute("UPDATE busy_intervals SET source = NULL WHERE kind = 'time_off'")
    op.create_check_constraint(
        op.f("ck_busy_intervals_source"),
        "busy_intervals",
        "(kind = 'external') = (source IS NOT NULL)",
    )
    op.drop_constraint(op.f("ck_notices_kind"), "notices", type_="check")
    op.drop_constraint(op.f("ck_notices_recipient"), "notices", type_="check")
    op.create_check_constraint(
        op.f("ck_notices_recipient"),
        "notices",
        "recipient IN ('client', 'practitioner', 'practice', 'webhook')",
    )
    op.create_check_constraint(
        op.f("ck_notices_endpoint"),
        "notices",
        "(recipient = 'webhook') = (endpoint_id IS NOT NULL)",
    )


def downgrade() -> None:
    """Downgrade. Data for which the previous version has no columns is deleted."""
    op.drop_constraint(op.f("ck_notices_endpoint"), "notices", type_="check")
    op.drop_constraint(op.f("ck_notices_recipient"), "notices", type_="check")
    op.execute(
        "DELETE FROM notices WHERE recipient IN ('practice', 'webhook')"
        " OR kind NOT IN ('booked', 'rescheduled', 'cancelled', 'reminder')"
    )
    op.create_check_constraint(
        op.f("ck_notices_recipient"), "notices", "recipient IN ('client', 'practitioner')"
    )
    op.create_check_constraint(
        op.f("ck_notices_kind"),
        "notices",
        "kind IN ('booked', 'rescheduled', 'cancelled', 'reminder')",
    )
    op.drop_constraint(op.f("ck_busy_intervals_source"), "busy_intervals", type_="check")
    op.drop_constraint(op.f("ck_fees_closed"), "fees", type_="check")
    op.drop_constraint(op.f("ck_fees_status"), "fees", type_="check")
    op.execute("UPDATE fees SET status = 'waived' WHERE status = 'void'")
    op.create_check_constraint(
        op.f("ck_fees_status"), "fees", "status IN ('due', 'waived', 'settled')"
    )
    op.drop_constraint(op.f("ck_change_notes_content"), "change_notes", type_="check")
    op.drop_constraint(op.f("ck_changes_session"), "changes", type_="check")
    op.drop_constraint(op.f("ck_changes_actor"), "changes", type_="check")
    unknown = (
        "session_id IS NULL OR kind NOT IN ('booked', 'rescheduled', 'format_changed', 'cancelled')"
    )
    of_unknown = f"change_id IN (SELECT id FROM changes WHERE {unknown})"
    op.execute(f"DELETE FROM change_notes WHERE note IS NULL OR {of_unknown}")
    op.execute(f"DELETE FROM fees WHERE {of_unknown}")
    op.execute(f"DELETE FROM changes WHERE {unknown}")
    op.execute("UPDATE changes SET actor = 'practice' WHERE actor IN ('operator', 'system')")
    op.create_check_constraint(
        op.f("ck_changes_actor"), "changes", "actor IN ('client', 'link', 'practice')"
    )
    op.create_check_constraint(
        op.f("ck_changes_kind"),
        "changes",
        "kind IN ('booked', 'rescheduled', 'format_changed', 'cancelled')",
    )
    op.execute("DELETE FROM policy_versions WHERE rules IS NULL")
    op.drop_constraint(op.f("uq_sessions_practice_id_external_ref"), "sessions", type_="unique")
    op.drop_index(op.f("ix_sessions_practice_id_starts_at_id"), table_name="sessions")
    op.drop_column("sessions", "external_ref")
    op.drop_constraint(op.f("uq_services_practice_id_external_ref"), "services", type_="unique")
    op.drop_column("services", "active")
    op.drop_column("services", "external_ref")
    op.drop_constraint(
        op.f("uq_practitioners_practice_id_external_ref"), "practitioners", type_="unique"
    )
    op.drop_column("practitioners", "active")
    op.drop_column("practitioners", "external_ref")
    op.alter_column(
        "policy_versions",
        "rules",
        existing_type=postgresql.JSONB(astext_type=sa.Text()),
        nullable=False,
    )
    op.drop_constraint(op.f("uq_packages_practice_id_external_ref"), "packages", type_="unique")
    op.drop_column("packages", "active")
    op.drop_column("packages", "external_ref")
    op.drop_constraint(op.f("fk_notices_practice_id_endpoint_id"), "notices", type_="foreignkey")
    op.drop_index(op.f("ix_notices_practice_id_send_at_id"), table_name="notices")
    op.alter_column(
        "notices", "starts_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False
    )
    op.alter_column("notices", "session_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("notices", "endpoint_id")
    op.drop_constraint(op.f("uq_locations_practice_id_external_ref"), "locations", type_="unique")
    op.drop_column("locations", "active")
    op.drop_column("locations", "external_ref")
    op.drop_index(op.f("ix_fees_practice_id_recorded_at_id"), table_name="fees")
    op.drop_column("fees", "payment_reference")
    op.drop_column("fees", "closed_at")
    op.drop_constraint(op.f("uq_clients_practice_id_external_ref"), "clients", type_="unique")
    op.drop_index(op.f("ix_clients_practice_id_name_id"), table_name="clients")
    op.drop_index("ix_clients_email", table_name="clients")
    op.create_index(
        op.f("ix_clients_practice_id_email"), "clients", ["practice_id", "email"], unique=False
    )
    op.drop_column("clients", "active")
    op.drop_column("clients", "external_ref")
    op.drop_constraint(op.f("fk_changes_practice_id"), "changes", type_="foreignkey")
    op.drop_constraint(op.f("fk_changes_practice_id_key_id"), "changes", type_="foreignkey")
    op.drop_index(
        "ix_changes_subject", table_name="changes", postgresql_where=sa.text("session_id IS NULL")
    )
    op.drop_index(op.f("ix_changes_practice_id_at_id"), table_name="changes")
    op.alter_column("changes", "currency", existing_type=sa.TEXT(), nullable=False)
    op.alter_column("changes", "format", existing_type=sa.TEXT(), nullable=False)
    op.alter_column(
        "changes", "ends_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False
    )
    op.alter_column(
        "changes", "starts_at", existing_type=postgresql.TIMESTAMP(timezone=True), nullable=False
    )
    op.alter_column("changes", "calendar_sequence", existing_type=sa.INTEGER(), nullable=False)
    op.alter_column("changes", "session_version", existing_type=sa.INTEGER(), nullable=False)
    op.alter_column("changes", "session_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("changes", "details")
    op.drop_column("changes", "key_id")
    op.drop_column("changes", "actor_name")
    op.drop_column("changes", "subject_id")
    op.drop_column("changes", "subject")
    op.alter_column("change_notes", "note", existing_type=sa.TEXT(), nullable=False)
    op.drop_column("change_notes", "origin")
    op.drop_constraint(
        op.f("uq_busy_intervals_practice_id_external_ref"), "busy_intervals", type_="unique"
    )
    op.drop_column("busy_intervals", "external_ref")
    op.drop_index(op.f("ix_sign_ins_practice_id_expires_at"), table_name="sign_ins")
    op.drop_table("sign_ins")
    op.drop_index(op.f("ix_sign_in_families_practice_id_expires_at"), table_name="sign_in_families")
    op.drop_index(op.f("ix_sign_in_families_practice_id_client_id"), table_name="sign_in_families")
    op.drop_table("sign_in_families")
    op.drop_table("webhook_endpoints")
    op.drop_table("api_keys")
    op.drop_table("sign_in_requests")
    op.drop_table("sign_in_counters")
