"""Clients use up an allowance of their policy."""

import sqlalchemy as sa
from alembic import op

revision = "20261207_allowance"
down_revision = "20261206_judgements"
branch_labels = None
depends_on = None

_CHECKS = {
    "given_back_by": "given_back_by IN ('undo', 'refill', 'staff')",
    "given_back": "(given_back_at IS NULL) = (given_back_by IS NULL)",
}
_REFERENCES = {"id": "changes", "client_id": "clients", "session_id": "sessions"}


def upgrade() -> None:
    op.create_table(
        "allowance_uses",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_back_by", sa.Text(), nullable=True),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_allowance_uses_{name}"))
            for name, rule in _CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{table}.practice_id", f"{table}.id"],
                name=op.f(f"fk_allowance_uses_practice_id_{column}"),
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_allowance_uses")),
    )
    op.create_index(
        "ix_allowance_uses_standing",
        "allowance_uses",
        ["practice_id", "client_id", "used_at"],
        postgresql_where=sa.text("given_back_at IS NULL"),
    )
    op.create_index(
        op.f("ix_allowance_uses_practice_id_client_id_used_at_id"),
        "allowance_uses",
        ["practice_id", "client_id", "used_at", "id"],
    )
    op.create_index(
        op.f("ix_allowance_uses_practice_id_session_id"),
        "allowance_uses",
        ["practice_id", "session_id"],
        postgresql_where=sa.text("session_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("allowance_uses")
