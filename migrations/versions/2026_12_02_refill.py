"""A late cancellation is forgiven if others take the freed time."""

import sqlalchemy as sa
from alembic import op

revision = "20261202_refill"
down_revision = "20261201_collect_after"
branch_labels = None
depends_on = None

_CHECKS = {
    "covered": "(state = 'refilled') = (cardinality(covered_by) > 0)",
    "judged": "(judged_at IS NOT NULL) = (state IN ('refilled', 'open'))",
    "percent": "covered_percent BETWEEN 1 AND 100",
    "state": "state IN ('pending', 'refilled', 'open', 'void')",
}
_REFERENCES = {
    "id": "changes",
    "session_id": "sessions",
    "practitioner_id": "practitioners",
    "client_id": "clients",
    "group_id": "groups",
}


def upgrade() -> None:
    op.create_table(
        "refills",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covered_percent", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("covered_by", sa.ARRAY(sa.Uuid()), nullable=False),
        *(
            sa.CheckConstraint(rule, name=op.f(f"ck_refills_{name}"))
            for name, rule in _CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{table}.practice_id", f"{table}.id"],
                name=op.f(f"fk_refills_{column}"),
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_refills")),
    )
    op.create_index(
        op.f("ix_refills_practice_id_practitioner_id_starts_at"),
        "refills",
        ["practice_id", "practitioner_id", "starts_at"],
    )
    op.create_index(
        "ix_refills_pending",
        "refills",
        ["practice_id", "starts_at"],
        postgresql_where=sa.text("state = 'pending'"),
    )


def downgrade() -> None:
    op.drop_table("refills")
