"""Clients ask the practice to waive a fee, and practitioners answer by a link."""

import sqlalchemy as sa
from alembic import op

revision = "20261205_waivers"
down_revision = "20261205_working_days"
branch_labels = None
depends_on = None

_ACTORS = "'client', 'link', 'practice', 'operator', 'system'"
_CHECKS = {
    "ended": "(state = 'asked') = (ended_at IS NULL)",
    "order": "asked_at < answer_by AND ended_at <= answer_by",
    "state": "state IN ('asked', 'granted', 'declined', 'lapsed', 'void')",
}
_REFERENCES = {"id": "fees", "change_id": "changes"}


def upgrade() -> None:
    op.create_table(
        "waivers",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="asked", nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("otherwise", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_waivers_{name}"))
            for name, rule in _CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{table}.practice_id", f"{table}.id"],
                name=op.f(f"fk_waivers_practice_id_{column}"),
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_waivers")),
    )
    op.create_index(
        "ix_waivers_asked",
        "waivers",
        ["practice_id", "answer_by"],
        postgresql_where=sa.text("state = 'asked'"),
    )
    _replace_actors(f"{_ACTORS}, 'practitioner_link'")


def downgrade() -> None:
    """Remove the questions. The older version knows practitioners' links as the practice."""
    op.execute("UPDATE changes SET actor = 'practice' WHERE actor = 'practitioner_link'")
    _replace_actors(_ACTORS)
    op.drop_table("waivers")


def _replace_actors(actors: str) -> None:
    op.drop_constraint(op.f("ck_changes_actor"), "changes", type_="check")
    op.create_check_constraint(op.f("ck_changes_actor"), "changes", f"actor IN ({actors})")
