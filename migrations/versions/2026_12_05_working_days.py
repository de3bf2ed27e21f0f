"""Closed weekdays of a practice; the instants of a session's deadlines in working days."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261205_working_days"
down_revision = "20261205_grace"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "practices",
        sa.Column(
            "closed_weekdays",
            postgresql.ARRAY(sa.Integer()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_check_constraint(
        op.f("ck_practices_closed_weekdays"),
        "practices",
        "closed_weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7] AND cardinality(closed_weekdays) <= 6",
    )
    op.add_column(
        "sessions",
        sa.Column(
            "frozen_deadlines",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=True,
        ),
    )


def downgrade() -> None:
    """Remove the columns. Former code cannot read a policy with a deadline in working days."""
    op.drop_column("sessions", "frozen_deadlines")
    op.drop_constraint(op.f("ck_practices_closed_weekdays"), "practices", type_="check")
    op.drop_column("practices", "closed_weekdays")
