"""A stored answer has the language of its sentences, for the header of its replay."""

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
