"""The input of a booking, and the defaults that it takes from the practice's records."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic_core import to_jsonable_python

from app.domain.money import Money
from app.domain.policy.after import facts_once_booked
from app.domain.session import Format, SessionFacts
from app.policies.stored import PolicyToBook
from app.sessions.commands.meeting import Buffers, Meeting


@dataclass(frozen=True, slots=True)
class Booking:
    """A session to book. One credit of `package_id` pays for it, if set.

    `price` and `duration_minutes` default to the service's.
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
        """Give the values as JSON, for comparison with the next push of the same session.

        Contains no free text and no personal data: only ids, times, numbers and codes.
        """
        values: dict[str, Any] = to_jsonable_python(asdict(self), exclude={"external_ref"})
        return values


@dataclass(frozen=True, slots=True)
class SeatBooking:
    """A seat of a group to book. All that is not said here is the group's or the service's.

    What `claims` says of the group must be true: `practitioner_id`, `service_id`, `start`,
    `format`, `location_id` and `duration_minutes`, those that the request names.
    """

    client_id: UUID
    group_id: UUID
    claims: Mapping[str, Any]
    package_id: UUID | None = None
    price: Money | None = None
    external_ref: str | None = None

    def as_pushed(self) -> dict[str, Any]:
        """Give the values as JSON, as for a booking. What the group decides is left out."""
        values: dict[str, Any] = to_jsonable_python(
            asdict(self), exclude={"external_ref", "claims"}
        )
        return values


@dataclass(frozen=True, slots=True)
class SeriesDate:
    """The place of a session to book in its series; `starts_at` is its start in the rhythm."""

    series_id: UUID
    position: int
    starts_at: datetime


@dataclass(frozen=True, slots=True)
class TimeContext:
    """The current values of practitioner and service on which a new session or group depends."""

    practitioner_time_zone: str
    video_url: str | None
    duration_minutes: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int
    practitioner_active: bool
    service_active: bool

    @property
    def practitioner_zone(self) -> ZoneInfo:
        """Give the zone in which the practitioner's hours and the policy's clock times are."""
        return ZoneInfo(self.practitioner_time_zone)

    @property
    def buffers(self) -> Buffers:
        """Give the buffers of the session or group."""
        return Buffers(self.buffer_before_minutes, self.buffer_after_minutes)


@dataclass(frozen=True, slots=True)
class BookingContext(TimeContext):
    """The current values of the practice's records that a booking depends on."""

    currency: str
    price_minor: int
    reminder_minutes: list[int]
    nudge_hours_before: int | None
    client_time_zone: str
    client_active: bool
    client_erased: bool
    package_known: bool

    @property
    def client_zone(self) -> ZoneInfo:
        """Give the client's zone."""
        return ZoneInfo(self.client_time_zone)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to insert. `pushed` is what the practice's own software wrote, if it did.

    `series` is its place if it is a date of a series.
    """

    id: UUID
    booking: Booking
    context: BookingContext
    meeting: Meeting
    policy: PolicyToBook
    pushed: Mapping[str, Any] | None = None
    series: SeriesDate | None = None

    def facts(self, now: datetime) -> SessionFacts:
        """Give the facts on which the policy depends, for a booking at `now`."""
        context = self.context
        return facts_once_booked(
            self.policy.policy,
            self.meeting.starts_at,
            context.practitioner_zone,
            self.booking.price or Money(context.price_minor, context.currency),
            self.policy.closed,
            paid_by_credit=self.booking.package_id is not None,
            is_seat=self.meeting.seat is not None,
            booked_at=now,
        )
