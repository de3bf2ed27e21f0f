"""Clients use the access tokens of their practice's own sign-in."""

import sqlalchemy as sa
from alembic import op

revision = "20261208_sign_in_providers"
down_revision = "20261207_allowance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sign_in_providers",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("client_claim", sa.Text(), nullable=False),
        sa.Column("match", sa.Text(), nullable=False),
        sa.Column("own_links", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "match IN ('external_ref', 'email')", name=op.f("ck_sign_in_providers_match")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"],
            ["practices.practice_id"],
            name=op.f("fk_sign_in_providers_practice_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_sign_in_providers")),
    )
    op.add_column("clients", sa.Column("tokens_ended_at", sa.DateTime(timezone=True)))


def downgrade() -> None:
    op.drop_column("clients", "tokens_ended_at")
    op.drop_table("sign_in_providers")
