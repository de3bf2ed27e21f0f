"""A client confirms that they are coming; services have a nudge before their free cancellation ends.

Existing services get no nudge: an update must not make a practice send new mails to its clients.
Services that are created afterwards have one a day ahead by default.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261206_confirm"
down_revision = "20261206_freed_times"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sessions", sa.Column("confirmed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_sessions_confirmed"),
        "sessions",
        "confirmed_at IS NULL OR status <> 'cancelled' AND absence_change_id IS NULL",
    )
    op.add_column("services", sa.Column("nudge_hours_before", sa.Integer(), nullable=True))
    op.create_check_constraint(
        op.f("ck_services_nudge"), "services", "nudge_hours_before BETWEEN 1 AND 720"
    )


def downgrade() -> None:
    """Remove the columns. Nudges that wait are dropped; one with a reminder is a reminder again."""
    op.execute(
        "UPDATE notifications SET status = 'dropped', finished_at = send_at"
        " WHERE kind = 'nudge' AND status = 'pending'"
    )
    op.execute("UPDATE notifications SET kind = 'reminder' WHERE kind = 'reminder_nudge'")
    op.drop_constraint(op.f("ck_services_nudge"), "services", type_="check")
    op.drop_column("services", "nudge_hours_before")
    op.drop_constraint(op.f("ck_sessions_confirmed"), "sessions", type_="check")
    op.drop_column("sessions", "confirmed_at")
