"""What the practice's own software pushed last for a session."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261128_pushed_sessions"
down_revision = "20261128_practice_contact"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("pushed", postgresql.JSONB(), nullable=True))


def downgrade() -> None:
    op.drop_column("sessions", "pushed")
