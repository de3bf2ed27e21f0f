"""The table of idempotency keys and their stored answers."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, PracticeRow


class IdempotencyKey(PracticeRow, Base):
    """The stored answer of a key. `scope` identifies the caller that used the key."""

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
