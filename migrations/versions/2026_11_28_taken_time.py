"""Sessions store the time that they take: fulfilled ones all of it, missed ones the part before."""

import logging

import sqlalchemy as sa
from alembic import op

revision = "20261128_taken_time"
down_revision = "20261128_practice_closes"
branch_labels = None
depends_on = None

_BEFORE = "starts_at - make_interval(mins => buffer_before_minutes)"
_AFTER = "ends_at + make_interval(mins => buffer_after_minutes)"
_INDEX = "ix_sessions_practice_id_practitioner_id_starts_at"
_LOG = logging.getLogger("alembic.runtime.migration.taken_time")

# The time of each ended session. A missed one takes time until it was marked, or until its end.
_WANTED = f"""
CREATE TEMPORARY TABLE wanted ON COMMIT DROP AS
SELECT practice_id, id, practitioner_id, client_id, starts_at,
       tstzrange(starts_at, until) AS span,
       tstzrange({_BEFORE}, until) AS span_before,
       CASE status WHEN 'noshow' THEN tstzrange(starts_at, until)
                   ELSE tstzrange(starts_at, {_AFTER}) END AS span_after
  FROM sessions, LATERAL (
    SELECT CASE sessions.status WHEN 'fulfilled' THEN sessions.ends_at
           ELSE least(sessions.ends_at, greatest(sessions.starts_at, max(changes.at))) END AS until
      FROM changes
     WHERE changes.practice_id = sessions.practice_id
       AND changes.session_id = sessions.id AND changes.kind = 'noshow'
  ) AS marked
 WHERE status IN ('fulfilled', 'noshow') AND until > starts_at
"""


def _overlaps(span: str, own: str) -> str:
    """Return SQL: whether a row's range overlaps the previous or the next one, by start."""
    around = f"OVER (PARTITION BY practice_id, {own} ORDER BY lower({span}), id"
    return f"""coalesce(
      lower({span}) < max(upper({span})) {around} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
      OR upper({span}) > lead(lower({span})) {around}), false)"""


# Ended sessions that overlap a booked or another ended one, of their practitioner or client.
_CONTESTED = f"""
CREATE TEMPORARY TABLE contested ON COMMIT DROP AS
SELECT practice_id, id, starts_at FROM (
  SELECT practice_id, id, starts_at, is_booked,
         {_overlaps("span_before", "practitioner_id")}
         OR {_overlaps("span_after", "practitioner_id")}
         OR {_overlaps("span", "client_id")} AS is_contested
    FROM (
      SELECT practice_id, id, practitioner_id, client_id, starts_at, span, span_before, span_after,
             false AS is_booked
        FROM wanted
       UNION ALL
      SELECT practice_id, id, practitioner_id, client_id, starts_at,
             tstzrange(starts_at, ends_at), span_before, span_after, true
        FROM sessions WHERE status = 'booked'
    ) AS everything
) AS compared
 WHERE is_contested AND NOT is_booked
"""
_TAKE = """
UPDATE sessions SET span_before = wanted.span_before, span_after = wanted.span_after
  FROM wanted
 WHERE sessions.practice_id = wanted.practice_id AND sessions.id = wanted.id
"""
_UNCONTESTED = """
   AND NOT EXISTS (SELECT FROM contested
                    WHERE contested.practice_id = wanted.practice_id AND contested.id = wanted.id)
"""
_IF_FREE = """
   AND wanted.practice_id = :practice_id AND wanted.id = :id
   AND NOT EXISTS (
     SELECT FROM sessions AS other
      WHERE other.practice_id = wanted.practice_id
        AND other.practitioner_id = wanted.practitioner_id
        AND other.span_before && wanted.span_before)
   AND NOT EXISTS (
     SELECT FROM sessions AS other
      WHERE other.practice_id = wanted.practice_id
        AND other.practitioner_id = wanted.practitioner_id
        AND other.span_after && wanted.span_after)
   AND NOT EXISTS (
     SELECT FROM sessions AS other
      WHERE other.practice_id = wanted.practice_id AND other.client_id = wanted.client_id
        AND other.span_before IS NOT NULL
        AND tstzrange(other.starts_at, upper(other.span_before)) && wanted.span)
"""


def upgrade() -> None:
    _drop()
    op.alter_column("sessions", "span_before", nullable=True)
    op.alter_column("sessions", "span_after", nullable=True)
    db = op.get_bind()
    db.execute(sa.text(_WANTED))
    db.execute(sa.text("ALTER TABLE wanted ADD PRIMARY KEY (practice_id, id)"))
    db.execute(
        sa.text(
            "UPDATE sessions SET span_before = NULL, span_after = NULL WHERE status <> 'booked'"
        )
    )
    _exclude()
    _take()
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
        ["practice_id", "practitioner_id", "starts_at"],
        postgresql_where=sa.text("span_after IS NOT NULL"),
    )


def _take() -> None:
    """Set the time of each ended session, unless it overlaps something that takes time.

    Booked sessions come first; of ended sessions that overlap one another, the one that starts
    first. Those that get no time are listed: they stay as they are, and an undo of them needs
    their time free.
    """
    db = op.get_bind()
    db.execute(sa.text(_CONTESTED))
    db.execute(sa.text("ALTER TABLE contested ADD PRIMARY KEY (practice_id, id)"))
    for table in ("wanted", "contested", "sessions"):
        db.execute(sa.text(f"ANALYZE {table}"))
    db.execute(sa.text(_TAKE + _UNCONTESTED))
    contested = db.execute(
        sa.text("SELECT practice_id, id FROM contested ORDER BY starts_at, id")
    ).all()
    for row in contested:
        db.execute(sa.text(_TAKE + _IF_FREE), row._asdict())
    without = db.execute(
        sa.text(
            "SELECT practice_id, id FROM wanted JOIN sessions USING (practice_id, id) "
            "WHERE sessions.span_after IS NULL ORDER BY practice_id, sessions.starts_at, id"
        )
    ).all()
    for row in without:
        _LOG.warning(
            "Session %s of practice %s has ended and overlaps another: it takes no time.",
            row.id,
            row.practice_id,
        )


def downgrade() -> None:
    _drop()
    op.drop_constraint(op.f("ck_sessions_taken"), "sessions", type_="check")
    op.execute(
        f"UPDATE sessions SET span_before = tstzrange({_BEFORE}, ends_at), "
        f"span_after = tstzrange(starts_at, {_AFTER}) WHERE status <> 'booked'"
    )
    op.alter_column("sessions", "span_before", nullable=False)
    op.alter_column("sessions", "span_after", nullable=False)
    _exclude(" WHERE (status = 'booked')")
    op.create_check_constraint(
        op.f("ck_sessions_span_before"),
        "sessions",
        f"span_before = tstzrange({_BEFORE}, ends_at)",
    )
    op.create_check_constraint(
        op.f("ck_sessions_span_after"), "sessions", f"span_after = tstzrange(starts_at, {_AFTER})"
    )
    op.create_index(
        op.f(_INDEX),
        "sessions",
        ["practice_id", "practitioner_id", "starts_at"],
        postgresql_where=sa.text("status = 'booked'"),
    )


def _drop() -> None:
    op.drop_index(op.f(_INDEX), table_name="sessions")
    for name in ("ck_sessions_span_before", "ck_sessions_span_after"):
        op.drop_constraint(op.f(name), "sessions", type_="check")
    for name in ("no_overlap_before", "no_overlap_after"):
        op.drop_constraint(name, "sessions")


def _exclude(where: str = "") -> None:
    for name in ("before", "after"):
        op.execute(
            f"ALTER TABLE sessions ADD CONSTRAINT no_overlap_{name} EXCLUDE USING gist "
            f"(practice_id WITH =, practitioner_id WITH =, span_{name} WITH &&){where}"
        )
