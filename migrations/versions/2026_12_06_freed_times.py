"""The seat of a group can be released; a holiday that goes frees the day of each practitioner."""

import sqlalchemy as sa
from alembic import op

revision = "20261206_freed_times"
down_revision = "20261205_waivers"
branch_labels = None
depends_on = None

_WAITS = "ended_at IS NULL AND paused_at IS NULL"


def upgrade() -> None:
    _allow_release("status = 'booked' AND release_until < starts_at")
    _index_wishes(_WAITS)
    _free_once(["practice_id", "change_id", "practitioner_id", "starts_at"])


def downgrade() -> None:
    """End the releases of seats.

    Of the times that one entry has freed of several practitioners, all but one begin some
    microseconds later, so that none is lost.
    """
    op.execute(
        "UPDATE freed_times SET ended_at = look_at"
        " WHERE released AND group_id IS NOT NULL AND ended_at IS NULL"
    )
    op.execute("UPDATE sessions SET release_until = NULL WHERE group_id IS NOT NULL")
    op.execute(
        "UPDATE freed_times SET starts_at = freed_times.starts_at"
        " + make_interval(secs => numbered.place / 1000000.0)"
        " FROM (SELECT practice_id, id, row_number() OVER ("
        "PARTITION BY practice_id, change_id, starts_at ORDER BY id) - 1 AS place"
        " FROM freed_times) AS numbered WHERE numbered.practice_id = freed_times.practice_id"
        " AND numbered.id = freed_times.id AND numbered.place > 0"
    )
    _free_once(["practice_id", "change_id", "starts_at"])
    _index_wishes(f"{_WAITS} AND group_id IS NULL")
    _allow_release("status = 'booked' AND group_id IS NULL AND release_until < starts_at")


def _allow_release(when: str) -> None:
    op.drop_constraint(op.f("ck_sessions_release"), "sessions", type_="check")
    op.create_check_constraint(
        op.f("ck_sessions_release"), "sessions", f"release_until IS NULL OR {when}"
    )


def _index_wishes(where: str) -> None:
    op.drop_index("ix_wishes_for", table_name="wishes")
    op.create_index(
        "ix_wishes_for",
        "wishes",
        ["practice_id", "practitioner_id", "service_id"],
        postgresql_where=sa.text(where),
    )


def _free_once(columns: list[str]) -> None:
    op.drop_index("uq_freed_times_once", table_name="freed_times")
    op.create_index("uq_freed_times_once", "freed_times", columns, unique=True)
