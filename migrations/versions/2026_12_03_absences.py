"""A session says that its client has announced that they cannot come."""

import sqlalchemy as sa
from alembic import op

revision = "20261203_absences"
down_revision = "20261203_rebooking"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("absence_change_id", sa.Uuid(), nullable=True))
    op.create_foreign_key(
        op.f("fk_sessions_practice_id_absence_change_id"),
        "sessions",
        "changes",
        ["practice_id", "absence_change_id"],
        ["practice_id", "id"],
    )


def downgrade() -> None:
    op.drop_constraint(
        op.f("fk_sessions_practice_id_absence_change_id"), "sessions", type_="foreignkey"
    )
    op.drop_column("sessions", "absence_change_id")
