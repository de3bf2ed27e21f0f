"""What a booking says, and what it takes over from the practice's records."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python

from app.domain.money import Money
from app.domain.session import Format
from app.sessions.commands.meeting import Buffers


@dataclass(frozen=True, slots=True)
class Booking:
    """What is booked for whom. `package_id` pays for it with one credit.

    Without a `price` or a `duration_minutes` of its own the session gets the service's.
    """

    client_id: UUID
    practitioner_id: UUID
    service_id: UUID
    start: datetime
    format: Format
    location_id: UUID | None = None
    package_id: UUID | None = None
    price: Money | None = None
    duration_minutes: int | None = None
    external_ref: str | None = None

    def as_pushed(self) -> dict[str, Any]:
        """Give the values as JSON, to compare the next push of the same session with.

        There is nothing in it that a person has typed: ids, times, numbers and codes.
        """
        values: dict[str, Any] = to_jsonable_python(asdict(self), exclude={"external_ref"})
        return values


@dataclass(frozen=True, slots=True)
class Basis:
    """What a booking takes over from the practice's records of this moment."""

    currency: str
    practitioner_zone: str
    video_url: str | None
    client_zone: str
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int
    price_minor: int
    reminder_minutes: list[int]
    practitioner_active: bool
    client_active: bool
    service_active: bool

    @property
    def buffers(self) -> Buffers:
        """Give what the session keeps free around itself."""
        return Buffers(self.buffer_before_minutes, self.buffer_after_minutes)
