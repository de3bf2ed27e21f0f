"""Clients hold a time while they choose it."""

import sqlalchemy as sa
from alembic import op

revision = "20261130_held_times"
down_revision = "20261130_group_minimum"
branch_labels = None
depends_on = None

_REFERENCES = {
    "practitioner_id": "practitioners",
    "client_id": "clients",
    "session_id": "sessions",
    "group_id": "groups",
    "location_id": "locations",
}


def upgrade() -> None:
    op.create_table(
        "held_times",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("buffer_before_minutes", sa.Integer(), nullable=False),
        sa.Column("buffer_after_minutes", sa.Integer(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("held_by", sa.Text(), nullable=False),
        sa.Column("first_held_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("new_count", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_held_times_order")),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_held_times_format")
        ),
        sa.CheckConstraint("held_by IN ('client', 'link')", name=op.f("ck_held_times_held_by")),
        sa.CheckConstraint("new_count > 0", name=op.f("ck_held_times_new_count")),
        *(
            sa.ForeignKeyConstraint(
                ["practice_id", column],
                [f"{table}.practice_id", f"{table}.id"],
                name=op.f(f"fk_held_times_practice_id_{column}"),
            )
            for column, table in _REFERENCES.items()
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_held_times")),
        sa.UniqueConstraint(
            "practice_id", "session_id", name=op.f("uq_held_times_practice_id_session_id")
        ),
    )
    for holder in ("practitioner_id", "client_id", "group_id"):
        op.create_index(
            op.f(f"ix_held_times_practice_id_{holder}_expires_at"),
            "held_times",
            ["practice_id", holder, "expires_at"],
            postgresql_where=sa.text("group_id IS NOT NULL") if holder == "group_id" else None,
        )


def downgrade() -> None:
    op.drop_table("held_times")
