"""Tables of groups, series and move requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130_groups"
down_revision = "20261129_notifications"
branch_labels = None
depends_on = None

_CHECKS = {
    "seat": "seat > 0",
    "seat_taken": "(seat IS NOT NULL) = (group_id IS NOT NULL AND status <> 'cancelled')",
    "series": "num_nulls(series_id, series_position, series_starts_at) IN (0, 3)",
}


def upgrade() -> None:
    op.create_table(
        "move_requests",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("meanwhile", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "meanwhile IN ('keep', 'cancel')", name=op.f("ck_move_requests_meanwhile")
        ),
        sa.CheckConstraint(
            "char_length(note) BETWEEN 1 AND 500", name=op.f("ck_move_requests_note")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_move_requests_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_move_requests")),
    )
    op.create_index(
        "ix_move_requests_answer_by",
        "move_requests",
        ["practice_id", "answer_by"],
        unique=False,
        postgresql_where=sa.text("told_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_index(
        op.f("ix_move_requests_practice_id_asked_at_id"),
        "move_requests",
        ["practice_id", "asked_at", "id"],
        unique=False,
    )
    op.create_table(
        "groups",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("calendar_sequence", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("join_url", sa.Text(), nullable=True),
        sa.Column("instructions", sa.Text(), nullable=True),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("min_seats", sa.Integer(), nullable=True),
        sa.Column("decide_hours", sa.Integer(), nullable=True),
        sa.Column("auto_cancel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_groups_format")
        ),
        sa.CheckConstraint("status IN ('scheduled', 'cancelled')", name=op.f("ck_groups_status")),
        sa.CheckConstraint("decide_hours > 0", name=op.f("ck_groups_decide_hours")),
        sa.CheckConstraint("min_seats BETWEEN 1 AND seats", name=op.f("ck_groups_min_seats")),
        sa.CheckConstraint(
            "num_nulls(min_seats, decide_hours) <> 1", name=op.f("ck_groups_minimum")
        ),
        sa.CheckConstraint("seats > 0", name=op.f("ck_groups_seats")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_groups_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_groups_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_groups_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_groups_practice_id_service_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_groups")),
        sa.UniqueConstraint(
            "practice_id", "external_ref", name=op.f("uq_groups_practice_id_external_ref")
        ),
    )
    op.create_index(
        op.f("ix_groups_practice_id_practitioner_id_starts_at"),
        "groups",
        ["practice_id", "practitioner_id", "starts_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_groups_practice_id_starts_at_id"),
        "groups",
        ["practice_id", "starts_at", "id"],
        unique=False,
    )
    op.create_table(
        "series",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("time_zone", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_series_practice_id_client_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_series")),
    )
    op.create_table(
        "move_request_sessions",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("move_request_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposals", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'asked') = (answered_at IS NULL)",
            name=op.f("ck_move_request_sessions_answered"),
        ),
        sa.CheckConstraint(
            "state IN ('asked', 'moved', 'cancelled', 'kept', 'withdrawn')",
            name=op.f("ck_move_request_sessions_state"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "move_request_id"],
            ["move_requests.practice_id", "move_requests.id"],
            name=op.f("fk_move_request_sessions_practice_id_move_request_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_move_request_sessions_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint(
            "practice_id", "move_request_id", "session_id", name=op.f("pk_move_request_sessions")
        ),
    )
    op.create_index(
        "uq_move_request_sessions_open",
        "move_request_sessions",
        ["practice_id", "session_id"],
        unique=True,
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.add_column("sessions", sa.Column("group_id", sa.Uuid(), nullable=True))
    op.add_column("sessions", sa.Column("seat", sa.Integer(), nullable=True))
    op.add_column("sessions", sa.Column("series_id", sa.Uuid(), nullable=True))
    op.add_column("sessions", sa.Column("series_position", sa.Integer(), nullable=True))
    op.add_column(
        "sessions", sa.Column("series_starts_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "sessions",
        sa.Column(
            "moved_by_practice", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.create_unique_constraint(
        op.f("uq_sessions_practice_id_group_id_seat"),
        "sessions",
        ["practice_id", "group_id", "seat"],
    )
    op.create_unique_constraint(
        op.f("uq_sessions_practice_id_series_id_series_position"),
        "sessions",
        ["practice_id", "series_id", "series_position"],
    )
    op.create_foreign_key(
        op.f("fk_sessions_practice_id_series_id"),
        "sessions",
        "series",
        ["practice_id", "series_id"],
        ["practice_id", "id"],
    )
    op.create_foreign_key(
        op.f("fk_sessions_practice_id_group_id"),
        "sessions",
        "groups",
        ["practice_id", "group_id"],
        ["practice_id", "id"],
    )
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_sessions_{name}"), "sessions", condition)


def downgrade() -> None:
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_sessions_{name}"), "sessions", type_="check")
    op.drop_constraint(op.f("fk_sessions_practice_id_group_id"), "sessions", type_="foreignkey")
    op.drop_constraint(op.f("fk_sessions_practice_id_series_id"), "sessions", type_="foreignkey")
    op.drop_constraint(
        op.f("uq_sessions_practice_id_series_id_series_position"), "sessions", type_="unique"
    )
    op.drop_constraint(op.f("uq_sessions_practice_id_group_id_seat"), "sessions", type_="unique")
    op.drop_column("sessions", "moved_by_practice")
    op.drop_column("sessions", "series_starts_at")
    op.drop_column("sessions", "series_position")
    op.drop_column("sessions", "series_id")
    op.drop_column("sessions", "seat")
    op.drop_column("sessions", "group_id")
    op.drop_index(
        "uq_move_request_sessions_open",
        table_name="move_request_sessions",
        postgresql_where=sa.text("state = 'asked'"),
    )
    op.drop_table("move_request_sessions")
    op.drop_table("series")
    op.drop_index(op.f("ix_groups_practice_id_starts_at_id"), table_name="groups")
    op.drop_index(op.f("ix_groups_practice_id_practitioner_id_starts_at"), table_name="groups")
    op.drop_table("groups")
    op.drop_index(op.f("ix_move_requests_practice_id_asked_at_id"), table_name="move_requests")
    op.drop_index(
        "ix_move_requests_answer_by",
        table_name="move_requests",
        postgresql_where=sa.text("told_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.drop_table("move_requests")
