"""Request and response schemas of sessions, for staff."""

from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationError, model_validator
from pydantic.config import JsonDict
from pydantic_core import InitErrorDetails
from typing_extensions import TypedDict

from app.directory.fields import ExternalRef
from app.directory.price import Price
from app.directory.services.schemas import Duration
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import FeeStatus, Format, Status
from app.sessions.client_api.carried_schemas import CarriedView
from app.sessions.client_api.schemas import MoveTarget, PolicyView, SessionSummary
from app.sessions.client_api.scope_schemas import ScopeFields, TouchedView
from app.sessions.commands.booking import Booking, SeatBooking
from app.web.pagination import ListQuery, first_instant, last_instant
from app.web.types import (
    Id,
    Instant,
    NextCursor,
    PageLimit,
    RequestBody,
    Text,
    UntilInstant,
    ZoneName,
)
from app.web.views import CommandId, MoneyView, Reason


class SessionClient(TypedDict):
    """The client of a session."""

    id: UUID
    name: Annotated[str, Field(examples=["Ana Ruiz"])]
    email: Annotated[str, Field(examples=["ana@client.example"])]
    phone: Annotated[str | None, Field(examples=["+1 212 555 0188"])]
    external_ref: Annotated[str | None, Field(examples=["crm-1042"])]


class SessionFeeView(TypedDict):
    """A fee of the session; `GET /v1/practice/fees/{fee_id}` has its details."""

    id: UUID
    amount: MoneyView
    status: FeeStatus


class PracticeSessionSummary(SessionSummary):
    """A session in a list for staff, with its client."""

    external_ref: Annotated[str | None, Field(examples=["visit-20261203-7"])]
    client: SessionClient


class PracticeSession(PracticeSessionSummary):
    """All details of a session, for staff."""

    booked_starts_at: Annotated[
        datetime,
        Field(description="The start from which the policy's `max_days_from_original` counts."),
    ]
    client_moves: Annotated[
        int, Field(description="How many times the client has moved the session.")
    ]
    carried: Annotated[
        CarriedView | None,
        Field(
            description="The minimum cost of a cancellation, because the client moved the session "
            "late. A move by staff, or waiving the fee of the client's move, removes it."
        ),
    ]
    policy: PolicyView
    fees: list[SessionFeeView]


class PracticeSessionPage(TypedDict):
    """A page of sessions. `next_cursor` is null on the last page."""

    items: list[PracticeSessionSummary]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class StaffCommandAnswer(TypedDict):
    """The session after the command, the recorded fee, and what happened to a package credit.

    For several sessions, `fee` is the sum of the fees, and `credit` is that of `session`.
    """

    session: PracticeSession
    fee: MoneyView | None
    credit: Credit | None
    command_id: CommandId
    sessions: Annotated[
        list[TouchedView] | None,
        Field(
            description="With `scope: this_and_following`: the session and those that follow it."
        ),
    ]


class StaffListQuery(ListQuery):
    """Filters and page of a list of sessions."""

    not_filters = ListQuery.not_filters | {"order", "time_zone"}
    practitioner: Id | None = Field(default=None, description="Filter by practitioner.")
    client: Id | None = Field(default=None, description="Filter by client.")
    service: Id | None = Field(default=None, description="Filter by service.")
    location: Id | None = Field(default=None, description="Filter by location.")
    group: Id | None = Field(
        default=None, description="Filter by group: the sessions that are or were its seats."
    )
    series: Id | None = Field(default=None, description="Filter by series.")
    status: Status | None = Field(default=None, description="Filter by status.")
    confirmed: bool | None = Field(
        default=None,
        description="Filter by whether the client has said that they are coming (`confirmed_at`).",
    )
    since: Instant | None = first_instant("Starts")
    until: UntilInstant | None = last_instant("Starts")
    order: Literal["soonest", "latest"] = Field(
        default="soonest", description="Order by start: `soonest` first, or `latest` first."
    )
    limit: PageLimit = 20
    cursor: NextCursor = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA time zone for all times. Default: each practitioner's own."),
    ] = None


BOOKING_EXAMPLE: JsonDict = {
    "client_id": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f",
    "practitioner_id": "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05",
    "service_id": "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21",
    "start": "2026-12-03T15:00:00-05:00",
    "format": "video",
}


class BookingTerms(RequestBody):
    """What a booking says besides its time, practitioner, service and format."""

    client_id: Id
    location_id: Id | None = Field(
        default=None,
        description="Required only if an in-person service has more than one location.",
    )
    package_id: Id | None = Field(
        default=None, description="The client's package that pays for the session with one credit."
    )
    price: Price | None = Field(
        default=None,
        description="The session's price. Default: the service's price. The policy's percentages "
        "apply to this price.",
    )
    duration_minutes: Annotated[
        Duration | None,
        Field(description="The session's duration. Default: the service's duration."),
    ] = None
    force: bool = Field(
        default=False,
        strict=True,
        description="Also permit times outside working hours and in time off, but never a time "
        "that overlaps another session. Has no effect on a seat of a group.",
    )
    notify: bool = Field(
        default=True,
        strict=True,
        description="False: neither the client nor the practitioner gets an email about this "
        "change. Later reminders and webhooks are still sent.",
    )

    @property
    def own_price(self) -> Money | None:
        """Give the price that the request names."""
        price = self.price
        return None if price is None else Money(price.amount_minor, price.currency)


class PutSession(BookingTerms):
    """A session. Client, practitioner, service, package and price are fixed after the booking.

    With `group_id` it is a seat of a group, which decides all that is left out.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **BOOKING_EXAMPLE,
                    "price": {"amount_minor": 15000, "currency": "USD"},
                    "duration_minutes": 80,
                    "notify": False,
                }
            ]
        }
    )
    group_id: Id | None = Field(
        default=None,
        description="Book a seat of this group. Practitioner, service, start, format, location and "
        "duration are then the group's: leave them out, or send the same.",
    )
    practitioner_id: Id | None = Field(default=None, description="Required without `group_id`.")
    service_id: Id | None = Field(default=None, description="Required without `group_id`.")
    start: Instant | None = Field(
        default=None, description="The start, with a UTC offset. Required without `group_id`."
    )
    format: Format | None = Field(default=None, description="Required without `group_id`.")

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        """Require what a single session needs as if it had no default, unless a group is named."""
        names = ("practitioner_id", "service_id", "start", "format")
        missing = [name for name in names if getattr(self, name) is None]
        if self.group_id is None and missing:
            errors = [InitErrorDetails(type="missing", loc=(name,), input=None) for name in missing]
            raise ValidationError.from_exception_data(type(self).__name__, errors)
        return self

    def booking(self, external_ref: str | None) -> Booking | SeatBooking:
        """Give what to book, with the practice's own id for the session."""
        if self.group_id is not None:
            return SeatBooking(
                self.client_id,
                self.group_id,
                self._claims(),
                self.package_id,
                self.own_price,
                external_ref,
            )
        # `_is_whole` has checked them.
        assert self.practitioner_id is not None  # noqa: S101
        assert self.service_id is not None  # noqa: S101
        assert self.start is not None  # noqa: S101
        assert self.format is not None  # noqa: S101
        return Booking(
            self.client_id,
            self.practitioner_id,
            self.service_id,
            self.start,
            self.format,
            location_id=self.location_id,
            package_id=self.package_id,
            price=self.own_price,
            duration_minutes=self.duration_minutes,
            external_ref=external_ref,
        )

    def _claims(self) -> dict[str, object]:
        said = {
            "practitioner_id": self.practitioner_id,
            "service_id": self.service_id,
            "start": self.start,
            "format": self.format,
            "location_id": self.location_id,
            "duration_minutes": self.duration_minutes,
        }
        return {name: value for name, value in said.items() if value is not None}


class BookRequest(PutSession):
    """Book a session for a client, or a seat of a group."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                BOOKING_EXAMPLE | {"external_ref": "visit-20261203-7"},
                {
                    "group_id": "d84a1f3c-9b27-4e05-8c6d-1f2e3a4b5c6d",
                    "client_id": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f",
                },
            ]
        }
    )
    external_ref: ExternalRef | None = None


class StaffReason(Reason):
    """The reason for a change. The client does not see the note."""

    note: Annotated[Text, Field(description="Free text, 1 to 500 characters.")]


_REASON: JsonDict = {"note": "Dr. Chen is ill."}


class StaffCancelRequest(ScopeFields):
    """Cancel a session for the practice, or also those that follow it in its series."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"charge_fee": False, "reason": _REASON}]}
    )
    charge_fee: bool = Field(
        strict=True,
        description="Whether the client pays the policy's current cost: its fee, or the credit. "
        "If not, nothing is charged and a credit is returned.",
    )
    reason: StaffReason


class StaffRescheduleRequest(MoveTarget):
    """Move a session for the practice, or change its format, or both; or also those that follow.

    A seat moves to another group.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "start": "2026-12-08T15:00:00-05:00",
                    "format": "video",
                    "charge_fee": False,
                    "reason": _REASON,
                }
            ]
        }
    )
    charge_fee: bool = Field(
        strict=True, description="Whether the client pays the policy's current fee."
    )
    force: bool = Field(
        default=False,
        strict=True,
        description="Also permit times outside working hours and in time off, but never a time "
        "that overlaps another session.",
    )
    reason: StaffReason


class NoshowRequest(RequestBody):
    """Record that the client missed the session."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"charge_fee": True}]})
    charge_fee: bool = Field(
        strict=True,
        description="Whether the client pays the policy's cost of a cancellation after the start. "
        "If not, nothing is charged and a credit is returned.",
    )
    reason: StaffReason | None = None


class FulfilledRequest(RequestBody):
    """Record that the session took place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
    reason: StaffReason | None = None


class UndoRequest(RequestBody):
    """Set a session back to booked."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "The wrong session was marked."}}]}
    )
    reason: StaffReason
