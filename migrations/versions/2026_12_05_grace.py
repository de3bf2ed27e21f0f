"""A session has the instant from which the grace of its policy counts."""

import sqlalchemy as sa
from alembic import op

revision = "20261205_grace"
down_revision = "20261204_release"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """No policy has had a grace yet, so sessions that are booked already need no instant."""
    op.add_column("sessions", sa.Column("grace_from", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "grace_from")
