"""Fees have an instant from which they can be collected, and clients can undo their last change."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261201_collect_after"
down_revision = "20261201_waitlist"
branch_labels = None
depends_on = None

STATUSES = "'due', 'waived', 'settled', 'void'"


def upgrade() -> None:
    op.add_column("fees", sa.Column("collect_after", sa.DateTime(timezone=True), nullable=True))
    op.add_column("fees", sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True))
    _replace_status(f"{STATUSES}, 'forgiven'")
    op.create_check_constraint(
        op.f("ck_fees_announced"), "fees", "announced_at IS NULL OR announced_at > collect_after"
    )
    op.create_index(
        "ix_fees_to_announce",
        "fees",
        ["practice_id", "collect_after"],
        postgresql_where=sa.text(
            "status = 'due' AND collect_after IS NOT NULL AND announced_at IS NULL"
        ),
    )
    op.add_column("sessions", sa.Column("undo_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "sessions",
        sa.Column("undo", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.create_check_constraint(
        op.f("ck_sessions_undo"), "sessions", "(undo IS NULL) = (undo_until IS NULL)"
    )


def downgrade() -> None:
    """Remove the columns. The older version has no forgiven fees: they are waived."""
    op.drop_constraint(op.f("ck_sessions_undo"), "sessions", type_="check")
    op.drop_column("sessions", "undo")
    op.drop_column("sessions", "undo_until")
    op.drop_index("ix_fees_to_announce", table_name="fees")
    op.drop_constraint(op.f("ck_fees_announced"), "fees", type_="check")
    op.execute("UPDATE fees SET status = 'waived' WHERE status = 'forgiven'")
    _replace_status(STATUSES)
    op.drop_column("fees", "announced_at")
    op.drop_column("fees", "collect_after")


def _replace_status(statuses: str) -> None:
    op.drop_constraint(op.f("ck_fees_status"), "fees", type_="check")
    op.create_check_constraint(op.f("ck_fees_status"), "fees", f"status IN ({statuses})")
