"""Taken time is a table of its own, for single sessions and for groups."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261130_taken_times"
down_revision = "20261130_groups"
branch_labels = None
depends_on = None

_BEFORE = "starts_at - make_interval(mins => buffer_before_minutes)"
_AFTER = "ends_at + make_interval(mins => buffer_after_minutes)"
_INDEX = "ix_sessions_practice_id_practitioner_id_starts_at"
_INDEXED = ["practice_id", "practitioner_id", "starts_at"]
# The ranges of two sessions of a practitioner never overlapped, so each session that has ranges
# gets a row. The first range ends where the session's time ends, without the buffer.
_TAKE = """
INSERT INTO taken_times (practice_id, id, practitioner_id, session_id, starts_at, ends_at,
                         buffer_before_minutes, buffer_after_minutes, counts,
                         span_before, span_after)
SELECT practice_id, id, practitioner_id, id, starts_at, upper(span_before), buffer_before_minutes,
       CASE status WHEN 'noshow' THEN 0 ELSE buffer_after_minutes END, status <> 'noshow',
       span_before, span_after
  FROM sessions WHERE span_after IS NOT NULL
"""
_GIVE_BACK = """
UPDATE sessions SET span_before = taken_times.span_before, span_after = taken_times.span_after
  FROM taken_times
 WHERE taken_times.practice_id = sessions.practice_id AND taken_times.id = sessions.id
"""


def upgrade() -> None:
    op.create_table(
        "taken_times",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("span_before", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("span_after", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint(
            "num_nonnulls(session_id, group_id) = 1 AND id = coalesce(session_id, group_id)",
            name=op.f("ck_taken_times_taker"),
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_taken_times_order")),
        sa.CheckConstraint(
            f"span_before = tstzrange({_BEFORE}, ends_at)",
            name=op.f("ck_taken_times_span_before"),
        ),
        sa.CheckConstraint(
            f"span_after = tstzrange(starts_at, {_AFTER})",
            name=op.f("ck_taken_times_span_after"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_taken_times_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_taken_times_practice_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "group_id"],
            ["groups.practice_id", "groups.id"],
            name=op.f("fk_taken_times_practice_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_taken_times")),
    )
    op.execute(_TAKE)
    op.create_index(op.f(f"ix_taken_times_{'_'.join(_INDEXED)}"), "taken_times", _INDEXED)
    op.add_column("sessions", sa.Column("taken_until", sa.DateTime(timezone=True), nullable=True))
    op.execute("UPDATE sessions SET taken_until = upper(span_before) WHERE span_before IS NOT NULL")
    op.drop_index(op.f(_INDEX), table_name="sessions")
    op.drop_constraint(op.f("ck_sessions_taken"), "sessions", type_="check")
    # Their constraints go with the columns: both checks, and the two exclusion constraints.
    op.drop_column("sessions", "span_before")
    op.drop_column("sessions", "span_after")
    _exclude("taken_times")
    op.create_check_constraint(
        op.f("ck_sessions_taken"),
        "sessions",
        "CASE status WHEN 'booked' THEN taken_until IS NOT NULL AND taken_until = ends_at "
        "WHEN 'cancelled' THEN taken_until IS NULL "
        "WHEN 'fulfilled' THEN taken_until = ends_at "
        "ELSE taken_until > starts_at AND taken_until <= ends_at END",
    )
    op.create_index(op.f(_INDEX), "sessions", _INDEXED)


def downgrade() -> None:
    """Give the ranges back to sessions. Fails if a group has seats: they would overlap."""
    for name in ("span_before", "span_after"):
        op.add_column("sessions", sa.Column(name, postgresql.TSTZRANGE(), nullable=True))
    op.execute(_GIVE_BACK)
    op.drop_table("taken_times")
    op.drop_index(op.f(_INDEX), table_name="sessions")
    op.drop_constraint(op.f("ck_sessions_taken"), "sessions", type_="check")
    op.drop_column("sessions", "taken_until")
    _exclude("sessions")
    op.create_check_constraint(
        op.f("ck_sessions_taken"),
        "sessions",
        "CASE status WHEN 'booked' THEN num_nulls(span_before, span_after) = 0 "
        "WHEN 'cancelled' THEN num_nulls(span_before, span_after) = 2 "
        "ELSE num_nulls(span_before, span_after) <> 1 END",
    )
    op.create_check_constraint(
        op.f("ck_sessions_span_before"),
        "sessions",
        f"span_before IS NULL OR span_before = tstzrange({_BEFORE}, "
        "CASE status WHEN 'noshow' THEN upper(span_after) ELSE ends_at END)",
    )
    op.create_check_constraint(
        op.f("ck_sessions_span_after"),
        "sessions",
        "span_after IS NULL OR CASE status WHEN 'noshow' "
        "THEN span_after = tstzrange(starts_at, upper(span_after)) "
        "AND span_after <@ tstzrange(starts_at, ends_at) "
        f"ELSE span_after = tstzrange(starts_at, {_AFTER}) END",
    )
    op.create_index(
        op.f(_INDEX),
        "sessions",
        _INDEXED,
        postgresql_where=sa.text("span_after IS NOT NULL"),
    )


def _exclude(table: str) -> None:
    for name in ("before", "after"):
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT no_overlap_{name} EXCLUDE USING gist "
            f"(practice_id WITH =, practitioner_id WITH =, span_{name} WITH &&)"
        )
