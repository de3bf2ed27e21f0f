"""Practices have a look of their own, practitioners a photo, locations a time zone."""

import sqlalchemy as sa
from alembic import op

revision = "20261208_looks"
down_revision = "20261209_erasure"
branch_labels = None
depends_on = None

_COLUMNS = ("address", "website", "sender_name", "accent", "logo", "welcome", "footer")
_SHOWN = {"practices": "logo", "practitioners": "photo"}


def upgrade() -> None:
    op.create_table(
        "pictures",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("small", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "name ~ '^[0-9a-f]{64}\\.(jpg|png|webp)$'", name=op.f("ck_pictures_name")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_pictures_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", "name", name=op.f("pk_pictures")),
    )
    for column in _COLUMNS:
        op.add_column("practices", sa.Column(column, sa.Text(), nullable=True))
    op.create_check_constraint(
        op.f("ck_practices_accent"), "practices", "accent ~ '^#[0-9a-f]{6}$'"
    )
    op.add_column("practitioners", sa.Column("photo", sa.Text(), nullable=True))
    op.add_column("locations", sa.Column("time_zone", sa.Text(), nullable=True))
    for table, column in _SHOWN.items():
        op.create_foreign_key(
            op.f(f"fk_{table}_practice_id_{column}"),
            table,
            "pictures",
            ["practice_id", column],
            ["practice_id", "name"],
        )


def downgrade() -> None:
    """Remove the looks, with all pictures."""
    for table, column in _SHOWN.items():
        op.drop_constraint(op.f(f"fk_{table}_practice_id_{column}"), table, type_="foreignkey")
    op.drop_column("locations", "time_zone")
    op.drop_column("practitioners", "photo")
    for column in reversed(_COLUMNS):
        op.drop_column("practices", column)
    op.drop_table("pictures")
