"""The table of series: ordered bundles of ordinary sessions."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Mapped

from app.tables.base import Base, Identified, reference


class Series(Identified, Base):
    """Sessions of one client that were booked together, every so many days, weeks or months.

    The dates are those of the sessions: no recurrence rule is stored. `time_zone` is the
    practitioner's zone at the booking, in which the local time of the dates stays the same.
    """

    __tablename__ = "series"
    client_id: Mapped[UUID]
    time_zone: Mapped[str]
    created_at: Mapped[datetime]
    __table_args__ = (reference("client_id", "clients"),)
