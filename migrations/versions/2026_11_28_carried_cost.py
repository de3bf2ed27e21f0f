"""Sessions carry the cost of a late move; `reschedule` inherits the deadline of `cancel`."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_carried_cost"
down_revision = "20261128_holidays"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "sessions",
        sa.Column("carried_fee_minor", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column(
        "sessions",
        sa.Column("carried_forfeit", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("sessions", sa.Column("carried_since", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_sessions_carried_fee"), "sessions", "carried_fee_minor >= 0"
    )
    # Before, `reschedule` without `closes` was open until the start; now that is `null`.
    # Writing it out keeps the meaning of existing policy versions, and so of their sessions.
    op.execute(
        """
        UPDATE policy_versions
        SET rules = jsonb_set(
          rules, '{reschedule}', coalesce(rules -> 'reschedule', '{}') || '{"closes": null}')
        WHERE rules -> 'cancel' -> 'closes' IS NOT NULL
          AND coalesce(rules -> 'reschedule', '{}') -> 'closes' IS NULL
        """
    )


def downgrade() -> None:
    # Before, `fees` null meant the fees of `cancel`. Now it means no fees, which is `[]`.
    op.execute(
        """
        UPDATE policy_versions SET rules = jsonb_set(rules, '{reschedule,fees}', '[]')
        WHERE rules -> 'reschedule' -> 'fees' = 'null'
        """
    )
    # Inherited values are written out, so that existing versions keep their meaning.
    op.execute(
        """
        UPDATE policy_versions
        SET rules = jsonb_set(
          rules,
          '{reschedule}',
          coalesce(rules -> 'reschedule', '{}')
            || jsonb_build_object('closes', rules -> 'cancel' -> 'closes'))
        WHERE rules -> 'cancel' -> 'closes' IS NOT NULL
          AND coalesce(rules -> 'reschedule', '{}') -> 'closes' IS NULL
        """
    )
    op.drop_constraint(op.f("ck_sessions_carried_fee"), "sessions", type_="check")
    op.drop_column("sessions", "carried_since")
    op.drop_column("sessions", "carried_forfeit")
    op.drop_column("sessions", "carried_fee_minor")
