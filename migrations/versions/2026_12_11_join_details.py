"""The history does not repeat how to join a session: it cannot be erased."""

import sqlalchemy as sa
from alembic import op

revision = "20261211_join_details"
down_revision = "20261210_text_messages"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_column("changes", "join_url")
    op.drop_column("changes", "instructions")


def downgrade() -> None:
    for name in ("join_url", "instructions"):
        op.add_column("changes", sa.Column(name, sa.Text(), nullable=True))
