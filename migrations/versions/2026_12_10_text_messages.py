"""Clients get text messages, with short links."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "20261210_text_messages"
down_revision = "20261208_held_spans"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column(
        "practices",
        sa.Column("text_details", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
    )
    op.create_check_constraint(
        op.f("ck_practices_text_details"),
        "practices",
        "text_details <@ ARRAY['service', 'practitioner']::text[]",
    )
    op.add_column("clients", sa.Column("texts", sa.Text(), server_default="off", nullable=False))
    op.add_column("clients", sa.Column("texts_agreed_at", _INSTANT, nullable=True))
    op.add_column("clients", sa.Column("texts_number", sa.Text(), nullable=True))
    op.add_column("clients", sa.Column("texts_stopped", sa.Text(), nullable=True))
    op.add_column("clients", sa.Column("texts_stopped_at", _INSTANT, nullable=True))
    op.create_check_constraint(
        op.f("ck_clients_texts"),
        "clients",
        "texts IN ('off', 'reminders', 'all') AND (texts = 'off' OR texts_agreed_at IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_clients_texts_stopped"),
        "clients",
        "texts_stopped IN ('reminders', 'all') "
        "AND (texts_stopped IS NULL OR (texts = 'off' AND texts_stopped_at IS NOT NULL))",
    )
    op.create_index(
        op.f("ix_clients_practice_id_texts_number"),
        "clients",
        ["practice_id", "texts_number"],
        postgresql_where=sa.text("texts_number IS NOT NULL"),
    )
    op.add_column("notifications", sa.Column("channel", sa.Text(), nullable=True))
    op.execute(
        "UPDATE notifications SET channel ="
        " CASE WHEN recipient = 'webhook' THEN 'webhook' ELSE 'mail' END"
    )
    op.alter_column("notifications", "channel", nullable=False)
    op.add_column("notifications", sa.Column("delivered_at", _INSTANT, nullable=True))
    op.create_check_constraint(
        op.f("ck_notifications_channel"),
        "notifications",
        "channel IN ('mail', 'text', 'webhook') "
        "AND (channel = 'webhook') = (recipient = 'webhook') "
        "AND (channel != 'text' OR recipient = 'client')",
    )
    op.create_table(
        "short_links",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("offer_id", sa.Uuid(), nullable=True),
        sa.Column("address_generation", sa.Integer(), nullable=False),
        sa.Column("link_generation", sa.Integer(), nullable=False),
        sa.Column("made_at", _INSTANT, nullable=False),
        sa.CheckConstraint("octet_length(code_hash) = 32", name=op.f("ck_short_links_code_hash")),
        sa.CheckConstraint(
            "num_nonnulls(session_id, offer_id) = 1", name=op.f("ck_short_links_opens")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "offer_id"],
            ["offers.practice_id", "offers.id"],
            name=op.f("fk_short_links_practice_id_offer_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_short_links_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "code_hash", name=op.f("pk_short_links")),
    )
    for column in ("session_id", "offer_id"):
        op.create_index(
            op.f(f"ix_short_links_practice_id_{column}"), "short_links", ["practice_id", column]
        )


def downgrade() -> None:
    op.execute("DELETE FROM notifications WHERE channel = 'text'")
    op.drop_table("short_links")
    for name in ("channel", "delivered_at"):
        op.drop_column("notifications", name)
    for name in ("texts", "texts_agreed_at", "texts_number", "texts_stopped", "texts_stopped_at"):
        op.drop_column("clients", name)
    op.drop_column("practices", "text_details")
