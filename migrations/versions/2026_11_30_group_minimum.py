"""The worker finds the groups whose minimum is to be judged."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_group_minimum"
down_revision = "20261130_command_id"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_groups_undecided",
        "groups",
        ["practice_id", "starts_at", "decide_hours"],
        postgresql_where=sa.text(
            "status = 'scheduled' AND min_seats IS NOT NULL AND decided_at IS NULL"
        ),
    )


def downgrade() -> None:
    op.drop_index("ix_groups_undecided", table_name="groups")
