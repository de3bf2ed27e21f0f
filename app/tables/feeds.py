"""The table of calendar feeds (docs/decisions/0053-feeds.md)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, Identified, reference


class Feed(Identified, Base):
    """A calendar feed of a client or of a practitioner. Its secret is shown once, stored hashed.

    A client's feed has the client's `token_generation` of then: when that rises, the feed ends. A
    practitioner's has `names`, which says how it names clients, and a `label` for staff.

    `reads` counts the reads since `reads_since`; an hour after that the count begins anew.
    """

    __tablename__ = "feeds"
    client_id: Mapped[UUID | None]
    token_generation: Mapped[int | None]
    practitioner_id: Mapped[UUID | None]
    names: Mapped[str | None]
    label: Mapped[str | None]
    secret_hash: Mapped[bytes]
    created_at: Mapped[datetime]
    last_read_at: Mapped[datetime | None]
    reads_since: Mapped[datetime]
    reads: Mapped[int] = mapped_column(server_default="0")
    __table_args__ = (
        reference("client_id", "clients"),
        reference("practitioner_id", "practitioners"),
        CheckConstraint("num_nonnulls(client_id, practitioner_id) = 1", name="owner"),
        CheckConstraint(
            "(client_id IS NULL) = (token_generation IS NULL) "
            "AND (practitioner_id IS NULL) = (names IS NULL) "
            "AND (practitioner_id IS NULL) = (label IS NULL)",
            name="kind",
        ),
        CheckConstraint("names IN ('none', 'initials', 'full')", name="names"),
        CheckConstraint("reads >= 0", name="reads"),
        Index(None, "practice_id", "client_id", postgresql_where=text("client_id IS NOT NULL")),
        Index(
            None,
            "practice_id",
            "practitioner_id",
            postgresql_where=text("practitioner_id IS NOT NULL"),
        ),
    )
