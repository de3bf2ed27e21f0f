"""A stored answer keeps the language of its sentences, to be replayed with its header."""

import sqlalchemy as sa
from alembic import op

revision = "20261129_answer_language"
down_revision = "20261129_queue_book"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("idempotency_keys", sa.Column("language", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("idempotency_keys", "language")
