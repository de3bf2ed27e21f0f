"""A held time stores the two ranges by which it is compared."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261208_held_spans"
down_revision = "20261209_practitioner_locale"
branch_labels = None
depends_on = None

_SPANS = {
    "span_before": "tstzrange(starts_at - make_interval(mins => buffer_before_minutes), ends_at)",
    "span_after": "tstzrange(starts_at, ends_at + make_interval(mins => buffer_after_minutes))",
}


def upgrade() -> None:
    for name in _SPANS:
        op.add_column("held_times", sa.Column(name, postgresql.TSTZRANGE(), nullable=True))
    written = ", ".join(f"{name} = {span}" for name, span in _SPANS.items())
    op.execute(f"UPDATE held_times SET {written}")
    for name, span in _SPANS.items():
        op.alter_column("held_times", name, nullable=False)
        op.create_check_constraint(op.f(f"ck_held_times_{name}"), "held_times", f"{name} = {span}")


def downgrade() -> None:
    for name in _SPANS:
        op.drop_column("held_times", name)
