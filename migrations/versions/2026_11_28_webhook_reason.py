"""A webhook endpoint receives the code of a reason only if it asks for it."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_webhook_reason"
down_revision = "20261128_reminder_jobs"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "webhook_endpoints",
        sa.Column("include_reason", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("webhook_endpoints", "include_reason")
