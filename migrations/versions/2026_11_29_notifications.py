"""Rename notices to notifications: "notice" means the time before a session only."""

from alembic import op

revision = "20261129_notifications"
down_revision = "20261129_answer_language"
branch_labels = None
depends_on = None

# Names of constraints, and of indexes without a constraint, contain the table's name.
_RENAME = """
DO $$
DECLARE found record;
BEGIN
  FOR found IN SELECT conname AS name FROM pg_constraint
    WHERE conrelid = '{new}'::regclass AND conname LIKE '%{old}%'
  LOOP
    EXECUTE format('ALTER TABLE {new} RENAME CONSTRAINT %I TO %I',
      found.name, replace(found.name, '{old}', '{new}'));
  END LOOP;
  FOR found IN SELECT indexname AS name FROM pg_indexes
    WHERE tablename = '{new}' AND schemaname = current_schema() AND indexname LIKE '%{old}%'
  LOOP
    EXECUTE format('ALTER INDEX %I RENAME TO %I',
      found.name, replace(found.name, '{old}', '{new}'));
  END LOOP;
END $$
"""
_JOBS = """
UPDATE pgqueuer SET entrypoint = replace(entrypoint, 'send_{old}', 'send_{new}'),
  payload = convert_to(
    replace(convert_from(payload, 'UTF8'), '"{old}_id"', '"{new}_id"'), 'UTF8')
WHERE entrypoint IN ('send_{old}', 'send_reminder', 'send_webhook')
"""


def upgrade() -> None:
    """Rename the table, its constraints and indexes, and the entrypoints of pending jobs."""
    _rename("notice", "notification")


def downgrade() -> None:
    """Restore the former names."""
    _rename("notification", "notice")


def _rename(old: str, new: str) -> None:
    op.rename_table(f"{old}s", f"{new}s")
    op.execute(_RENAME.format(old=f"{old}s", new=f"{new}s"))
    op.execute(_JOBS.format(old=old, new=new))
