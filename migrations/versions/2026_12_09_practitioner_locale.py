"""Practitioners have a language for their mails."""

import sqlalchemy as sa
from alembic import op

revision = "20261209_practitioner_locale"
down_revision = "20261208_looks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("practitioners", sa.Column("locale", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("practitioners", "locale")
