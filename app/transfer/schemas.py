"""Schemas of the lines that are not those of the API's own requests."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_core import to_jsonable_python

from app.directory.contact_fields import TimeZone, WebAddress
from app.directory.fields import RefText, Words
from app.directory.practice.schemas import ChangePractice
from app.directory.price import Price
from app.directory.services.schemas import BufferAfter, BufferBefore
from app.domain.errors import InvalidInputError
from app.domain.history import FeeCause
from app.domain.money import Money
from app.domain.session import FeeStatus, Format, Status
from app.groups.schemas import AutoCancel, DecideHours, MinSeats, Seats
from app.policies.schemas import NewPolicy
from app.schedule.hours.schemas import OverrideRequest, WorkingHoursRequest
from app.schedule.time_off.schemas import BusyTimesRequest, PutTimeOff, Source
from app.texts.errors import InvalidValueError
from app.web.types import Day, Id, Instant, RequestBody, TimeOfDay
from app.web.views import ReasonCodeInput

Currency = Annotated[str, Field(strict=True, pattern=r"^[A-Z]{3}$")]
# As the longest duration of a service.
_LONGEST = timedelta(days=1)
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


Count = Annotated[int, Field(strict=True, ge=0, le=1_000_000)]
Side = Literal["client", "practice"]


class PolicyOfSession(RequestBody):
    """The policy version of a session."""

    service_id: Id | None = None
    practitioner_id: Id | None = None
    version: VersionNumber


class FrozenLine(RequestBody):
    """The instant of a deadline in working days, as it was calculated."""

    working_days: Count
    at: TimeOfDay
    instant: Instant


class CarriedLine(RequestBody):
    """The least cost of a cancellation, because the client has moved the session late."""

    fee: Price | None = None
    forfeits_credit: Annotated[bool, Field(strict=True)] = False


class EndLine(RequestBody):
    """When a session was cancelled or marked, by whom, and what became of its credit."""

    at: Instant
    by: Side = "practice"
    credit: Literal["returned", "forfeited", "kept"] | None = None
    reason: ReasonCodeInput | None = None


class RedemptionLine(RequestBody):
    """The package credit that pays for a session; with `returned_at`, one that has paid for it."""

    package_id: Id
    redeemed_at: Instant | None = None
    forfeited_at: Instant | None = None
    returned_at: Instant | None = None

    @field_validator("returned_at")
    @classmethod
    def _is_one_end(cls, value: datetime | None, info: ValidationInfo) -> datetime | None:
        if value is not None and info.data.get("forfeited_at") is not None:
            raise InvalidValueError("field.credit-ends-once")
        return value


class PushedLine(RequestBody):
    """Where the practice's software has last put a session: a time, or a group."""

    starts_at: Instant | None = None
    format: Format | None = None
    location_id: Id | None = None
    group_id: Id | None = None

    def as_stored(self, version: int) -> dict[str, Any]:
        """Give the values with which the next push is compared (app/sessions/commands/push.py)."""
        values: dict[str, Any] = to_jsonable_python(self.model_dump(exclude={"starts_at"}))
        return values | {"start": to_jsonable_python(self.starts_at), "version": version}


class FeeLine(RequestBody):
    """A fee of a session. `cause` is the kind of the change that caused it, such as `cancelled`.

    `by` is who made that change; by default the client, or who has ended the session.
    """

    amount: Price
    status: FeeStatus = "due"
    cause: FeeCause
    by: Side | None = None
    recorded_at: Instant
    closed_at: Instant | None = None
    payment_reference: RefText | None = None
    collect_after: Instant | None = None

    @field_validator("amount")
    @classmethod
    def _is_positive(cls, amount: Price) -> Price:
        if not amount.amount_minor:
            raise InvalidValueError("field.fee-of-nothing")
        return amount


class MeetingLine(RequestBody):
    """When and where a session or a group takes place. Without `ends_at`: the service's length."""

    practitioner_id: Id
    service_id: Id
    starts_at: Instant
    ends_at: Instant | None = None
    format: Format
    location_id: Annotated[Id | None, Field(validate_default=True)] = None
    join_url: WebAddress | None = None
    instructions: Words | None = None
    buffer_before_minutes: BufferBefore | None = None
    buffer_after_minutes: BufferAfter | None = None

    @field_validator("starts_at", "ends_at")
    @classmethod
    def _whole_second(cls, instant: datetime | None) -> datetime | None:
        if instant is not None and instant.microsecond:
            raise InvalidValueError("field.whole-second")
        return instant

    @field_validator("ends_at")
    @classmethod
    def _after_start(cls, ends_at: datetime | None, info: ValidationInfo) -> datetime | None:
        starts_at = info.data.get("starts_at")
        if ends_at is not None and starts_at is not None:
            if ends_at <= starts_at:
                raise InvalidValueError("field.after-starts-at")
            if ends_at - starts_at > _LONGEST:
                raise InvalidValueError("field.longer-than-a-day")
        return ends_at

    @field_validator("location_id")
    @classmethod
    def _check_location(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        kind = info.data.get("format")
        if kind is Format.IN_PERSON and value is None:
            raise InvalidValueError("field.format-needs-location")
        if kind in {Format.VIDEO, Format.PHONE} and value is not None:
            raise InvalidValueError("field.format-without-location")
        return value


class GroupLine(MeetingLine):
    """A class or workshop. Its seats are sessions with its `group_ref`."""

    status: Literal["scheduled", "cancelled"] = "scheduled"
    seats: Seats
    min_seats: MinSeats = None
    decide_hours: DecideHours = None
    auto_cancel: AutoCancel = False


class SessionLine(MeetingLine):
    """A session as it stands. What is absent is as for a booking that is made now."""

    client_id: Id
    group_id: Id | None = None
    status: Status = Status.BOOKED
    price: Price | None = None
    policy: PolicyOfSession | None = None
    policy_time_zone: TimeZone | None = None
    frozen_deadlines: Annotated[list[FrozenLine], Field(max_length=200)] | None = None
    booked_at: Instant | None = None
    grace_from: Instant | None = None
    booked_starts_at: Instant | None = None
    client_moves: Count = 0
    moved_by_practice: Annotated[bool, Field(strict=True)] = False
    carried: CarriedLine | None = None
    paid_before: Price | None = None
    confirmed_at: Instant | None = None
    ended: EndLine | None = None
    redemption: RedemptionLine | None = None
    pushed: PushedLine | None = None
    fees: Annotated[tuple[FeeLine, ...], Field(max_length=100)] = ()

    @model_validator(mode="after")
    def _has_ended_or_not(self) -> Self:
        if (self.ended is None) is not (self.status is Status.BOOKED):
            raise InvalidInputError("/ended", "field.ended-with-status")
        if self.confirmed_at is not None and self.status is Status.CANCELLED:
            raise InvalidInputError("/confirmed_at", "field.ended-with-status")
        for number, fee in enumerate(self.fees):
            if (fee.status == "due") is not (fee.closed_at is None):
                raise InvalidInputError(f"/fees/{number}/closed_at", "field.closed-with-status")
        return self

    def sums(self) -> dict[str, Price]:
        """Give all sums of the session by the pointer of their field."""
        found: dict[str, Price | None] = {
            "/price": self.price,
            "/paid_before": self.paid_before,
            "/carried/fee": None if self.carried is None else self.carried.fee,
        }
        found |= {f"/fees/{number}/amount": fee.amount for number, fee in enumerate(self.fees)}
        return {pointer: price for pointer, price in found.items() if price is not None}


def money_of(price: Price) -> Money:
    """Give a price as an amount of money."""
    return Money(price.amount_minor, price.currency)
