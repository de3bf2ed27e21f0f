"""Clients and practitioners have calendar feeds."""

import sqlalchemy as sa
from alembic import op

revision = "20261208_feeds"
down_revision = "20261208_sign_in_providers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feeds",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=True),
        sa.Column("token_generation", sa.Integer(), nullable=True),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("names", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reads_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reads", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("names IN ('none', 'initials', 'full')", name=op.f("ck_feeds_names")),
        sa.CheckConstraint(
            "(client_id IS NULL) = (token_generation IS NULL) AND (practitioner_id IS NULL) = (names IS NULL) AND (practitioner_id IS NULL) = (label IS NULL)",
            name=op.f("ck_feeds_kind"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(client_id, practitioner_id) = 1", name=op.f("ck_feeds_owner")
        ),
        sa.CheckConstraint("reads >= 0", name=op.f("ck_feeds_reads")),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_feeds_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_feeds_practice_id_practitioner_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_feeds")),
    )
    op.create_index(
        op.f("ix_feeds_practice_id_client_id"),
        "feeds",
        ["practice_id", "client_id"],
        unique=False,
        postgresql_where=sa.text("client_id IS NOT NULL"),
    )
    op.create_index(
        op.f("ix_feeds_practice_id_practitioner_id"),
        "feeds",
        ["practice_id", "practitioner_id"],
        unique=False,
        postgresql_where=sa.text("practitioner_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("feeds")
