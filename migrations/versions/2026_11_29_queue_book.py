"""The rows of notices and of sign-in requests count attempts; jobs only wake the worker.

The time of a pending job becomes the row's `attempt_at` and part of the job's deduplication key.
Jobs that the library held after too many attempts are deleted; the sweep queues new ones.
"""

import sqlalchemy as sa
from alembic import op

revision = "20261129_queue_book"
down_revision = "20261128_pushed_sessions"
branch_labels = None
depends_on = None

_NAMED = (
    "UPDATE pgqueuer SET dedupe_key = {table}.id::text || '/' ||"
    " (extract(epoch FROM attempt_at) * 1000000)::bigint"
    " FROM {table} WHERE dedupe_key = {table}.id::text AND pgqueuer.status IN ('queued', 'picked')"
)


def upgrade() -> None:
    op.execute("DELETE FROM pgqueuer WHERE status = 'failed'")
    for column in (
        sa.Column("attempt_at", sa.DateTime(timezone=True)),
        sa.Column("leased_until", sa.DateTime(timezone=True)),
        sa.Column("put_off", sa.Integer(), server_default="0", nullable=False),
    ):
        op.add_column("notices", column)
    op.execute("UPDATE notices SET attempt_at = send_at")
    op.execute(
        "UPDATE notices SET attempt_at = execute_after FROM pgqueuer"
        " WHERE dedupe_key = notices.id::text AND notices.status = 'pending'"
    )
    op.execute(_NAMED.format(table="notices"))
    op.alter_column("notices", "attempt_at", nullable=False)
    op.alter_column("notices", "put_off", server_default=None)
    op.create_index(
        "ix_notices_due",
        "notices",
        ["practice_id", "attempt_at"],
        postgresql_where=sa.text("status = 'pending'"),
    )
    op.add_column(
        "sign_in_requests", sa.Column("attempts", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("sign_in_requests", sa.Column("attempt_at", sa.DateTime(timezone=True)))
    op.execute("UPDATE sign_in_requests SET attempt_at = requested_at")
    op.execute(
        "UPDATE sign_in_requests SET attempt_at = execute_after, attempts = pgqueuer.attempts"
        " FROM pgqueuer WHERE dedupe_key = sign_in_requests.id::text"
    )
    op.execute(_NAMED.format(table="sign_in_requests"))
    op.alter_column("sign_in_requests", "attempt_at", nullable=False)


def downgrade() -> None:
    # One job for each row, with the row's id. The old version's hourly cleanup adds missing jobs.
    op.execute(
        "DELETE FROM pgqueuer WHERE dedupe_key IS NOT NULL AND id NOT IN"
        " (SELECT min(id) FROM pgqueuer GROUP BY split_part(dedupe_key, '/', 1))"
    )
    op.execute("UPDATE pgqueuer SET dedupe_key = split_part(dedupe_key, '/', 1)")
    op.drop_column("sign_in_requests", "attempt_at")
    op.drop_column("sign_in_requests", "attempts")
    op.drop_index("ix_notices_due", table_name="notices")
    for name in ("put_off", "leased_until", "attempt_at"):
        op.drop_column("notices", name)
