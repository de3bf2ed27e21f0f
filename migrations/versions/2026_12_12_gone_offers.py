"""A client whose offer is gone is asked again for what is left of the freed time."""

import sqlalchemy as sa
from alembic import op

revision = "20261212_gone_offers"
down_revision = "20261211_join_details"
branch_labels = None
depends_on = None

ONCE = ["practice_id", "freed_time_id", "wish_id"]


def upgrade() -> None:
    op.add_column(
        "offers", sa.Column("gone", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
    op.create_check_constraint(op.f("ck_offers_gone"), "offers", "NOT gone OR state = 'withdrawn'")
    op.drop_index("uq_offers_once", "offers")
    op.create_index("uq_offers_once", "offers", [*ONCE, "starts_at"], unique=True)


def downgrade() -> None:
    op.drop_index("uq_offers_once", "offers")
    op.create_index("uq_offers_once", "offers", ONCE, unique=True)
    op.drop_constraint(op.f("ck_offers_gone"), "offers")
    op.drop_column("offers", "gone")
