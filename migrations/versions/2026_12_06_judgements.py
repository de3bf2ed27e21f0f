"""Entries of the audit log say how the policy came to fee and credit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261206_judgements"
down_revision = "20261206_confirm"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("changes", sa.Column("judgement", postgresql.JSONB(none_as_null=True)))


def downgrade() -> None:
    op.drop_column("changes", "judgement")
