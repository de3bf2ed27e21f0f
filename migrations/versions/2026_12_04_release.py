"""Clients can give up a time only if somebody takes it."""

import sqlalchemy as sa
from alembic import op

revision = "20261204_release"
down_revision = "20261203_refused_attempts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("release_until", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_sessions_release"),
        "sessions",
        "release_until IS NULL OR status = 'booked' AND group_id IS NULL "
        "AND release_until < starts_at",
    )
    op.create_index(
        "ix_sessions_release",
        "sessions",
        ["practice_id", "release_until"],
        postgresql_where=sa.text("release_until IS NOT NULL"),
    )
    op.create_index(
        "ix_wishes_for",
        "wishes",
        ["practice_id", "practitioner_id", "service_id"],
        postgresql_where=sa.text("ended_at IS NULL AND paused_at IS NULL AND group_id IS NULL"),
    )
    op.add_column(
        "freed_times",
        sa.Column("released", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_freed_times_released"), "freed_times", "NOT released OR session_id IS NOT NULL"
    )
    op.create_index(
        "uq_freed_times_released",
        "freed_times",
        ["practice_id", "session_id"],
        unique=True,
        postgresql_where=sa.text("released AND ended_at IS NULL"),
    )


def downgrade() -> None:
    """Remove the columns. Releases end, and so do offers of the times: nothing else happens."""
    op.execute("UPDATE freed_times SET ended_at = look_at WHERE released AND ended_at IS NULL")
    op.drop_index("uq_freed_times_released", table_name="freed_times")
    op.drop_constraint(op.f("ck_freed_times_released"), "freed_times", type_="check")
    op.drop_column("freed_times", "released")
    op.drop_index("ix_wishes_for", table_name="wishes")
    op.drop_index("ix_sessions_release", table_name="sessions")
    op.drop_constraint(op.f("ck_sessions_release"), "sessions", type_="check")
    op.drop_column("sessions", "release_until")
