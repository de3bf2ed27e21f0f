"""The table of the short links in text messages (docs/decisions/0057-text-messages.md)."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, PracticeRow, reference


class ShortLink(PracticeRow, Base):
    """A link to one session, or to one offer, of which only the hash of its code is stored.

    It has the generations at which it was made, as the token of an email's link has
    (app/identity/tokens/link.py, offer.py).
    """

    __tablename__ = "short_links"
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    session_id: Mapped[UUID | None]
    offer_id: Mapped[UUID | None]
    address_generation: Mapped[int]
    link_generation: Mapped[int]
    made_at: Mapped[datetime]
    __table_args__ = (
        reference("session_id", "sessions"),
        reference("offer_id", "offers"),
        CheckConstraint("num_nonnulls(session_id, offer_id) = 1", name="opens"),
        CheckConstraint("octet_length(code_hash) = 32", name="code_hash"),
        Index(None, "practice_id", "session_id"),
        Index(None, "practice_id", "offer_id"),
    )
