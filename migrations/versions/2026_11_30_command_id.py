"""Entries of the audit log have the id of the command that made them."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_command_id"
down_revision = "20261130_taken_times"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column. Of earlier commands nothing is known: each entry is a command of its own."""
    op.add_column("changes", sa.Column("command_id", sa.Uuid(), nullable=True))
    op.execute("UPDATE changes SET command_id = id")
    op.alter_column("changes", "command_id", nullable=False)
    op.create_index(
        op.f("ix_changes_practice_id_command_id"), "changes", ["practice_id", "command_id"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_changes_practice_id_command_id"), table_name="changes")
    op.drop_column("changes", "command_id")
