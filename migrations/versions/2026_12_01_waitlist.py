"""Wishes, freed times and offers: the waitlist."""

import sqlalchemy as sa
from alembic import op

revision = "20261201_waitlist"
down_revision = "20261130_held_times"
branch_labels = None
depends_on = None

_HELD_CHECKS = {
    "holder": "num_nonnulls(session_id, offer_id) = 1",
    "held_by": "held_by IN ('client', 'link', 'offer')",
    "held_by_offer": "(held_by = 'offer') = (offer_id IS NOT NULL)",
}
_SERVICE_CHECKS = {
    "waitlist": "waitlist IN ('in_turn', 'all_at_once', 'off')",
    "offer_minutes": "offer_minutes BETWEEN 10 AND 1440",
}


def upgrade() -> None:
    op.create_table(
        "waitlist_marks",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("read_until", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["practice_id"], ["practices.practice_id"], name=op.f("fk_waitlist_marks_practice_id")
        ),
        sa.PrimaryKeyConstraint("practice_id", name=op.f("pk_waitlist_marks")),
    )
    op.create_table(
        "wishes",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("package_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("weekdays", sa.ARRAY(sa.SmallInteger()), nullable=False),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("to_time", sa.Time(), nullable=True),
        sa.Column("formats", sa.ARRAY(sa.Text()), nullable=False),
        sa.Column("notice_hours", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unanswered", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(state IN ('waiting', 'offered')) = (ended_at IS NULL)", name=op.f("ck_wishes_ended")
        ),
        sa.CheckConstraint(
            "state IN ('waiting', 'offered', 'met', 'withdrawn', 'lapsed')",
            name=op.f("ck_wishes_state"),
        ),
        sa.CheckConstraint(
            "(session_id IS NULL) = (starts_at IS NULL)", name=op.f("ck_wishes_session")
        ),
        sa.CheckConstraint("from_time <= to_time", name=op.f("ck_wishes_times")),
        sa.CheckConstraint("notice_hours >= 0", name=op.f("ck_wishes_notice")),
        sa.CheckConstraint(
            "weekdays <@ ARRAY[1, 2, 3, 4, 5, 6, 7]::smallint[]", name=op.f("ck_wishes_weekdays")
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_wishes_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "group_id"],
            ["groups.practice_id", "groups.id"],
            name=op.f("fk_wishes_practice_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "package_id"],
            ["packages.practice_id", "packages.id"],
            name=op.f("fk_wishes_practice_id_package_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_wishes_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_wishes_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_wishes_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_wishes")),
    )
    op.create_index(
        "ix_wishes_active",
        "wishes",
        ["practice_id", "made_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        op.f("ix_wishes_practice_id_client_id"),
        "wishes",
        ["practice_id", "client_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_wishes_practice_id_made_at_id"),
        "wishes",
        ["practice_id", "made_at", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_wishes_practice_id_session_id"),
        "wishes",
        ["practice_id", "session_id"],
        unique=False,
    )
    op.create_index(
        "uq_wishes_session",
        "wishes",
        ["practice_id", "session_id"],
        unique=True,
        postgresql_where=sa.text("session_id IS NOT NULL AND ended_at IS NULL"),
    )
    op.create_table(
        "freed_times",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("change_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("service_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("freed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("look_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("first_offered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_freed_times_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "change_id"],
            ["changes.practice_id", "changes.id"],
            name=op.f("fk_freed_times_practice_id_change_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "group_id"],
            ["groups.practice_id", "groups.id"],
            name=op.f("fk_freed_times_practice_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_freed_times_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_freed_times_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_freed_times_practice_id_session_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_freed_times")),
    )
    op.create_index(
        "ix_freed_times_due",
        "freed_times",
        ["practice_id", "look_at"],
        unique=False,
        postgresql_where=sa.text("ended_at IS NULL"),
    )
    op.create_index(
        "uq_freed_times_once", "freed_times", ["practice_id", "change_id", "starts_at"], unique=True
    )
    op.create_table(
        "offers",
        sa.Column("practice_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("wish_id", sa.Uuid(), nullable=False),
        sa.Column("freed_time_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("service_id", sa.Uuid(), nullable=False),
        sa.Column("practitioner_id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=True),
        sa.Column("package_id", sa.Uuid(), nullable=True),
        sa.Column("price_minor", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("location_id", sa.Uuid(), nullable=True),
        sa.Column("old_starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("booked_session_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'accepted') = (booked_session_id IS NOT NULL)",
            name=op.f("ck_offers_accepted"),
        ),
        sa.CheckConstraint("(state = 'open') = (ended_at IS NULL)", name=op.f("ck_offers_ended")),
        sa.CheckConstraint(
            "format IN ('in_person', 'video', 'phone')", name=op.f("ck_offers_format")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'declined', 'expired', 'withdrawn')",
            name=op.f("ck_offers_state"),
        ),
        sa.CheckConstraint("price_minor >= 0", name=op.f("ck_offers_price")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_offers_order")),
        sa.ForeignKeyConstraint(
            ["practice_id", "booked_session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_offers_practice_id_booked_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "client_id"],
            ["clients.practice_id", "clients.id"],
            name=op.f("fk_offers_practice_id_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "freed_time_id"],
            ["freed_times.practice_id", "freed_times.id"],
            name=op.f("fk_offers_practice_id_freed_time_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "group_id"],
            ["groups.practice_id", "groups.id"],
            name=op.f("fk_offers_practice_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "location_id"],
            ["locations.practice_id", "locations.id"],
            name=op.f("fk_offers_practice_id_location_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "package_id"],
            ["packages.practice_id", "packages.id"],
            name=op.f("fk_offers_practice_id_package_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "practitioner_id"],
            ["practitioners.practice_id", "practitioners.id"],
            name=op.f("fk_offers_practice_id_practitioner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "service_id"],
            ["services.practice_id", "services.id"],
            name=op.f("fk_offers_practice_id_service_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "session_id"],
            ["sessions.practice_id", "sessions.id"],
            name=op.f("fk_offers_practice_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["practice_id", "wish_id"],
            ["wishes.practice_id", "wishes.id"],
            name=op.f("fk_offers_practice_id_wish_id"),
        ),
        sa.PrimaryKeyConstraint("practice_id", "id", name=op.f("pk_offers")),
    )
    op.create_index(
        "ix_offers_answer_by",
        "offers",
        ["practice_id", "answer_by"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        op.f("ix_offers_practice_id_client_id_made_at"),
        "offers",
        ["practice_id", "client_id", "made_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_offers_practice_id_made_at_id"),
        "offers",
        ["practice_id", "made_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_offers_held",
        "offers",
        ["practice_id", "freed_time_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open' AND holds"),
    )
    op.create_index(
        "uq_offers_once", "offers", ["practice_id", "freed_time_id", "wish_id"], unique=True
    )
    op.create_index(
        "uq_offers_open",
        "offers",
        ["practice_id", "wish_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.add_column("held_times", sa.Column("offer_id", sa.Uuid(), nullable=True))
    op.alter_column("held_times", "session_id", existing_type=sa.UUID(), nullable=True)
    op.create_unique_constraint(
        op.f("uq_held_times_practice_id_offer_id"), "held_times", ["practice_id", "offer_id"]
    )
    op.create_foreign_key(
        op.f("fk_held_times_practice_id_offer_id"),
        "held_times",
        "offers",
        ["practice_id", "offer_id"],
        ["practice_id", "id"],
    )
    op.drop_constraint(op.f("ck_held_times_held_by"), "held_times")
    for name, condition in _HELD_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_held_times_{name}"), "held_times", condition)
    op.add_column(
        "services", sa.Column("waitlist", sa.Text(), server_default="in_turn", nullable=False)
    )
    op.add_column(
        "services", sa.Column("offer_minutes", sa.Integer(), server_default="60", nullable=False)
    )
    for name, condition in _SERVICE_CHECKS.items():
        op.create_check_constraint(op.f(f"ck_services_{name}"), "services", condition)


def downgrade() -> None:
    op.drop_column("services", "offer_minutes")
    op.drop_column("services", "waitlist")
    op.execute("DELETE FROM held_times WHERE offer_id IS NOT NULL")
    for name in _HELD_CHECKS:
        op.drop_constraint(op.f(f"ck_held_times_{name}"), "held_times")
    op.create_check_constraint(
        op.f("ck_held_times_held_by"), "held_times", "held_by IN ('client', 'link')"
    )
    op.drop_constraint(op.f("fk_held_times_practice_id_offer_id"), "held_times", type_="foreignkey")
    op.drop_constraint(op.f("uq_held_times_practice_id_offer_id"), "held_times", type_="unique")
    op.alter_column("held_times", "session_id", existing_type=sa.UUID(), nullable=False)
    op.drop_column("held_times", "offer_id")
    op.drop_index("uq_offers_open", table_name="offers", postgresql_where=sa.text("state = 'open'"))
    op.drop_index("uq_offers_once", table_name="offers")
    op.drop_index(
        "uq_offers_held", table_name="offers", postgresql_where=sa.text("state = 'open' AND holds")
    )
    op.drop_index(op.f("ix_offers_practice_id_made_at_id"), table_name="offers")
    op.drop_index(op.f("ix_offers_practice_id_client_id_made_at"), table_name="offers")
    op.drop_index(
        "ix_offers_answer_by", table_name="offers", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_table("offers")
    op.drop_index("uq_freed_times_once", table_name="freed_times")
    op.drop_index(
        "ix_freed_times_due", table_name="freed_times", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("freed_times")
    op.drop_index(
        "uq_wishes_session",
        table_name="wishes",
        postgresql_where=sa.text("session_id IS NOT NULL AND ended_at IS NULL"),
    )
    op.drop_index(op.f("ix_wishes_practice_id_session_id"), table_name="wishes")
    op.drop_index(op.f("ix_wishes_practice_id_made_at_id"), table_name="wishes")
    op.drop_index(op.f("ix_wishes_practice_id_client_id"), table_name="wishes")
    op.drop_index(
        "ix_wishes_active", table_name="wishes", postgresql_where=sa.text("ended_at IS NULL")
    )
    op.drop_table("wishes")
    op.drop_table("waitlist_marks")
