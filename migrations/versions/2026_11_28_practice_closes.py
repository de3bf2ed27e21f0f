"""A practice can be closed."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_practice_closes"
down_revision = "20261128_webhook_reason"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("practices", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.drop_column("practices", "closed_at")
