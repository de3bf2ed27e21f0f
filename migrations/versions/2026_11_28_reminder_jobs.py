"""Pending reminders get their own entrypoint, and mails to clients a higher priority."""

from alembic import op

revision = "20261128_reminder_jobs"
down_revision = "20261123_practice_side"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "UPDATE pgqueuer SET priority = CASE notices.recipient WHEN 'client' THEN 5 ELSE 0 END,"
        " entrypoint = CASE notices.kind WHEN 'reminder' THEN 'send_reminder'"
        " ELSE pgqueuer.entrypoint END"
        " FROM notices WHERE pgqueuer.entrypoint = 'send_notice'"
        " AND pgqueuer.dedupe_key = notices.id::text"
    )


def downgrade() -> None:
    op.execute(
        "UPDATE pgqueuer SET priority = 0, entrypoint = 'send_notice'"
        " WHERE entrypoint IN ('send_notice', 'send_reminder')"
    )
