"""Clients can be erased."""

import sqlalchemy as sa
from alembic import op

revision = "20261209_erasure"
down_revision = "20261208_feeds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("clients", sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_clients_erased"), "clients", "erased_at IS NULL OR NOT active"
    )


def downgrade() -> None:
    op.drop_constraint(op.f("ck_clients_erased"), "clients", type_="check")
    op.drop_column("clients", "erased_at")
