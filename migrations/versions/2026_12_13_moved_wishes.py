"""A wish has the start to which the practice has moved its session."""

from alembic import op

revision = "20261213_moved_wishes"
down_revision = "20261212_gone_offers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE wishes SET starts_at = sessions.starts_at FROM sessions"
        " WHERE sessions.practice_id = wishes.practice_id AND sessions.id = wishes.session_id"
        " AND sessions.moved_by_practice AND wishes.ended_at IS NULL"
    )


def downgrade() -> None:
    """Nothing to do: the start of such a wish did not matter."""
