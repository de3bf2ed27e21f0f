"""The table of idempotency keys and the answers that they got."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, OfPractice


class IdempotencyKey(OfPractice, Base):
    """The answer given to a key. `scope` is who used it: a client, or a link's session."""

    __tablename__ = "idempotency_keys"
    scope: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes]
    status: Mapped[int]
    etag: Mapped[str | None]
    language: Mapped[str | None]
    body: Mapped[bytes]
    created_at: Mapped[datetime]
    __table_args__ = (CheckConstraint("char_length(key) BETWEEN 1 AND 255", name="length"),)
