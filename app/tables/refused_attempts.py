"""The table of how often the policy has refused what clients wanted to do."""

from datetime import date
from uuid import UUID

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.tables.base import Base, PracticeRow, reference


class RefusedAttempts(PracticeRow, Base):
    """How often the policy refused an action on a local day of the practitioner, by its code.

    Nothing in it is about a client, and however often somebody tries, there is one row.
    """

    __tablename__ = "refused_attempts"
    day: Mapped[date] = mapped_column(primary_key=True)
    action: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    practitioner_id: Mapped[UUID] = mapped_column(primary_key=True)
    service_id: Mapped[UUID] = mapped_column(primary_key=True)
    attempts: Mapped[int]
    __table_args__ = (
        reference("practitioner_id", "practitioners"),
        reference("service_id", "services"),
        CheckConstraint("attempts > 0", name="attempts"),
    )
