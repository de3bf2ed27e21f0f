"""Holidays close the whole practice on their dates."""

import sqlalchemy as sa
from alembic import op

revision = "20261128_holidays"
down_revision = "20261128_taken_time"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "holidays",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_holidays_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "date", name=op.f("pk_holidays")),
    )


def downgrade() -> None:
    op.drop_table("holidays")
