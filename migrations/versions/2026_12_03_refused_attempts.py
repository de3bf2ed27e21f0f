"""Count what the policy refuses to clients, by day, for reports."""

import sqlalchemy as sa
from alembic import op

revision = "20261203_refused_attempts"
down_revision = "20261203_absences"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "refused_attempts",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.CheckConstraint("attempts > 0", name=op.f("ck_refused_attempts_attempts")),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_refused_attempts_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_refused_attempts_practice_id_service_id"),
        ),
        sa.PrimaryKeyConstraint(
            "practice_id",
            "day",
            "action",
            "code",
            "practitioner_id",
            "service_id",
            name=op.f("pk_refused_attempts"),
        ),
    )


def downgrade() -> None:
    op.drop_table("refused_attempts")
