"""A wish no longer keeps its session's start: the client's move of the session ends the wish."""

import sqlalchemy as sa
from alembic import op

revision = "20261214_ended_wishes"
down_revision = "20261213_moved_wishes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """End the wishes that the worker had yet to end. Their open offers expire by themselves."""
    op.execute(
        "UPDATE wishes SET state = 'lapsed', ended_at = now(), paused_at = NULL FROM sessions"
        " WHERE sessions.practice_id = wishes.practice_id AND sessions.id = wishes.session_id"
        " AND sessions.starts_at <> wishes.starts_at AND wishes.ended_at IS NULL"
    )
    op.drop_constraint(op.f("ck_wishes_session"), "wishes", type_="check")
    op.drop_column("wishes", "starts_at")


def downgrade() -> None:
    """Each wish gets the present start of its session."""
    op.add_column("wishes", sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True))
    op.execute(
        "UPDATE wishes SET starts_at = sessions.starts_at FROM sessions"
        " WHERE sessions.practice_id = wishes.practice_id AND sessions.id = wishes.session_id"
    )
    op.create_check_constraint(
        op.f("ck_wishes_session"), "wishes", "(session_id IS NULL) = (starts_at IS NULL)"
    )
