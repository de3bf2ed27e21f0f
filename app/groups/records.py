"""Groups as they are read, and as staff order them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from app.domain.policy.rules import Credit
from app.domain.session import Format, Status
from app.sessions.commands.meeting import Buffers, Meeting
from app.sessions.read.records import SessionLocation


@dataclass(frozen=True, slots=True)
class SeatRules:
    """How many seats a group has, and what happens if too few are taken.

    Below `min_seats` seats at `decide_hours` before the start the practice is told, and with
    `auto_cancel` the group is cancelled. Both are None if there is no minimum.
    """

    seats: int
    min_seats: int | None
    decide_hours: int | None
    auto_cancel: bool

    def decides_at(self, starts_at: datetime) -> datetime | None:
        """Give the instant at which the minimum is judged; None if there is no minimum."""
        return None if self.decide_hours is None else starts_at - timedelta(hours=self.decide_hours)

    def decided_at(self, starts_at: datetime, now: datetime) -> datetime | None:
        """Give `decided_at` when the rules or the start change at `now`.

        If the instant has passed there is nothing to judge: the practice has just seen the seats.
        """
        at = self.decides_at(starts_at)
        return now if at is not None and at <= now else None


@dataclass(frozen=True, slots=True)
class NewGroup:
    """A group to create. `duration_minutes` defaults to the service's."""

    service_id: UUID
    practitioner_id: UUID
    start: datetime
    format: Format
    rules: SeatRules
    location_id: UUID | None = None
    duration_minutes: int | None = None
    external_ref: str | None = None


@dataclass(frozen=True, slots=True)
class GroupDetails:
    """A group as staff see it. Datetimes are UTC.

    `seats_taken` counts seats that are booked, fulfilled or missed. Step, notice and horizon are
    the service's current ones.
    """

    practice_id: UUID
    id: UUID
    external_ref: str | None
    status: str
    version: int
    calendar_sequence: int
    starts_at: datetime
    ends_at: datetime
    service_id: UUID
    service_name: str
    practitioner_id: UUID
    practitioner_name: str
    practitioner_zone: ZoneInfo
    video_url: str | None
    format: Format
    location: SessionLocation | None
    join_url: str | None
    instructions: str | None
    rules: SeatRules
    decided_at: datetime | None
    seats_taken: int
    seats_left: int
    buffer_before_minutes: int
    buffer_after_minutes: int
    step_minutes: int
    minimum_notice_minutes: int
    horizon_days: int

    @property
    def etag(self) -> str:
        """Give the version as an entity tag (RFC 9110 section 8.8.3)."""
        return f'"{self.version}"'

    @property
    def is_scheduled(self) -> bool:
        """Tell whether the group is not cancelled."""
        return self.status == "scheduled"

    @property
    def buffers(self) -> Buffers:
        """Give the group's buffers."""
        return Buffers(self.buffer_before_minutes, self.buffer_after_minutes)

    @property
    def meeting(self) -> Meeting:
        """Give the group's time, format and location."""
        return Meeting(
            self.starts_at,
            self.ends_at,
            self.format,
            None if self.location is None else self.location.id,
            self.join_url,
            self.instructions,
        )


@dataclass(frozen=True, slots=True)
class ChangedSeat:
    """A seat that a command on its group changed, with the status and the credit after it."""

    session_id: UUID
    client_id: UUID
    status: Status
    credit: Credit | None


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """The result of a command on a group: the group after it, and the seats that it changed.

    `command_id` None: the command changed nothing.
    """

    group: GroupDetails
    command_id: UUID | None
    seats: Sequence[ChangedSeat] = ()
