"""A practitioner's email address is optional: the practice's is the fallback."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_practice_contact"
down_revision = "20261128_carried_cost"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.alter_column("practitioners", "email", existing_type=sa.Text(), nullable=True)


def downgrade() -> None:
    op.execute(
        "UPDATE practitioners SET email = practices.email FROM practices"
        " WHERE practices.practice_id = practitioners.practice_id AND practitioners.email IS NULL"
    )
    op.alter_column("practitioners", "email", existing_type=sa.Text(), nullable=False)
