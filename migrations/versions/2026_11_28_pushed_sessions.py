"""The last version of a session that the practice's software pushed; an index by location."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261128_pushed_sessions"
down_revision = "20261128_practice_contact"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("pushed", postgresql.JSONB(), nullable=True))
    op.create_index(
        op.f("ix_sessions_practice_id_location_id_starts_at_id"),
        "sessions",
        ["practice_id", "location_id", "starts_at", "id"],
        postgresql_where=sa.text("location_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(
        op.f("ix_sessions_practice_id_location_id_starts_at_id"),
        table_name="sessions",
        postgresql_where=sa.text("location_id IS NOT NULL"),
    )
    op.drop_column("sessions", "pushed")
