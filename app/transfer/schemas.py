"""Schemas of the lines that are not those of the API's own requests."""

from typing import Annotated, Any

from pydantic import Field

from app.directory.practice.schemas import ChangePractice
from app.policies.schemas import NewPolicy
from app.schedule.hours.schemas import OverrideRequest, WorkingHoursRequest
from app.schedule.time_off.schemas import BusyTimesRequest, PutTimeOff, Source
from app.web.types import Day, Id, Instant, RequestBody

Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]
VersionNumber = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class PracticeLine(ChangePractice):
    """The practice itself. Absent fields keep their values. The currency must be the practice's."""

    currency: Currency | None = None

    def values(self) -> dict[str, Any]:
        """Return the fields to change; the currency is none of them."""
        return {name: value for name, value in super().values().items() if name != "currency"}


class WorkingHoursLine(WorkingHoursRequest):
    """The weekly hours of a practitioner."""

    practitioner_id: Id


class HoursOverrideLine(OverrideRequest):
    """The hours of a practitioner on one date."""

    practitioner_id: Id
    date: Day


class TimeOffLine(PutTimeOff):
    """Time off of a practitioner."""

    practitioner_id: Id


class BusyIntervalsLine(BusyTimesRequest):
    """The busy times of a practitioner in one other calendar."""

    practitioner_id: Id
    source: Source


class PolicyLine(NewPolicy):
    """A version of a policy. Without `version` it is the next one, unless it equals the latest."""

    version: VersionNumber | None = None
    created_at: Instant | None = None


class PolicyOfSession(RequestBody):
    """The policy version of a session."""

    service_id: Id | None = None
    practitioner_id: Id | None = None
    version: VersionNumber
