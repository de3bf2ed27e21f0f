"""A notification counts the attempts after which it is unknown whether the mail has arrived."""

import sqlalchemy as sa
from alembic import op

revision = "20261215_unanswered_mails"
down_revision = "20261214_ended_wishes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "notifications", sa.Column("unanswered", sa.Integer(), server_default="0", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("notifications", "unanswered")
