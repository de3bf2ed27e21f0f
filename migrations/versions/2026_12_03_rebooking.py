"""A session can be booked again after its end: its old fee and credit stand, or are credited."""

import sqlalchemy as sa
from alembic import op

revision = "20261203_rebooking"
down_revision = "20261202_refill"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No session has been booked again yet, so nothing was paid before and no credit replaced."""
    op.add_column(
        "sessions", sa.Column("paid_before_minor", sa.Integer(), server_default="0", nullable=False)
    )
    op.create_check_constraint(
        op.f("ck_sessions_paid_before"), "sessions", "paid_before_minor >= 0"
    )
    op.add_column(
        "credit_redemptions", sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_check_constraint(
        op.f("ck_credit_redemptions_replaced"),
        "credit_redemptions",
        "replaced_at IS NULL OR num_nonnulls(returned_at, forfeited_at) = 1",
    )
    _index_paying("returned_at IS NULL AND replaced_at IS NULL")
    _set_credits("'returned', 'forfeited', 'kept', 'redeemed'")


def downgrade() -> None:
    """A replaced credit is returned: the former shape has one paying credit for each session."""
    op.execute("UPDATE changes SET credit = 'kept' WHERE credit = 'redeemed'")
    op.execute(
        "UPDATE credit_redemptions SET forfeited_at = NULL, returned_at = replaced_at "
        "WHERE replaced_at IS NOT NULL AND returned_at IS NULL"
    )
    _set_credits("'returned', 'forfeited', 'kept'")
    _index_paying("returned_at IS NULL")
    op.drop_constraint(op.f("ck_credit_redemptions_replaced"), "credit_redemptions", type_="check")
    op.drop_column("credit_redemptions", "replaced_at")
    op.drop_constraint(op.f("ck_sessions_paid_before"), "sessions", type_="check")
    op.drop_column("sessions", "paid_before_minor")


def _index_paying(condition: str) -> None:
    op.drop_index("uq_credit_redemptions_session", table_name="credit_redemptions")
    op.create_index(
        "uq_credit_redemptions_session",
        "credit_redemptions",
        ["practice_id", "session_id"],
        unique=True,
        postgresql_where=sa.text(condition),
    )


def _set_credits(states: str) -> None:
    op.drop_constraint(op.f("ck_changes_credit"), "changes", type_="check")
    op.create_check_constraint(op.f("ck_changes_credit"), "changes", f"credit IN ({states})")
