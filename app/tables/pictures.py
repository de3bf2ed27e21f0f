"""The table of pictures: the practice's logo, and photos of practitioners."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, PracticeRow, practice_reference


class Picture(PracticeRow, Base):
    """A picture as it is served. It is deleted when nothing of its practice shows it any more.

    `name` is the SHA-256 of `content` in hexadecimal, with the ending of its type. `small` is a PNG
    or JPEG for mails.
    """

    __tablename__ = "pictures"
    name: Mapped[str] = mapped_column(primary_key=True)
    content: Mapped[bytes]
    small: Mapped[bytes]
    __table_args__ = (
        practice_reference(),
        CheckConstraint("name ~ '^[0-9a-f]{64}\\.(jpg|png|webp)$'", name="name"),
    )
