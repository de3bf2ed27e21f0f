"""Shapes of sessions as the practice's own software sees them."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field
from pydantic.config import JsonDict
from typing_extensions import TypedDict

from app.directory.fields import ExternalRef, Price
from app.directory.services.schemas import Duration
from app.domain.money import Money
from app.domain.policy.rules import Credit
from app.domain.session import FeeStatus, Format, Status
from app.sessions.client_api.schemas import CarriedView, PolicyView, SessionSummary
from app.sessions.commands.booking import Booking
from app.web.pagination import ListQuery, first_instant, last_instant
from app.web.types import Id, Instant, NextCursor, PageLimit, RequestBody, Text, ZoneName
from app.web.views import MoneyView, Reason


class SessionClient(TypedDict):
    """The client of a session."""

    id: UUID
    name: Annotated[str, Field(examples=["Ana Ruiz"])]
    email: Annotated[str, Field(examples=["ana@client.example"])]
    phone: Annotated[str | None, Field(examples=["+1 212 555 0188"])]
    external_ref: Annotated[str | None, Field(examples=["crm-1042"])]


class SessionFeeView(TypedDict):
    """A fee that the session caused; `GET /v1/practice/fees/{fee_id}` tells more."""

    id: UUID
    amount: MoneyView
    status: FeeStatus


class PracticeSessionSummary(SessionSummary):
    """A session as lists for staff show it, with its client."""

    external_ref: Annotated[str | None, Field(examples=["visit-20261203-7"])]
    client: SessionClient


class PracticeSession(PracticeSessionSummary):
    """All that staff see of a session."""

    booked_starts_at: Annotated[
        datetime,
        Field(description="The start that the policy's `max_days_from_original` counts from."),
    ]
    client_moves: Annotated[int, Field(description="How often the client has moved it himself.")]
    carried: Annotated[
        CarriedView | None,
        Field(
            description="What a cancellation costs at least because the client moved the session "
            "late. Moving it for the practice, or waiving the fee of that move, ends it."
        ),
    ]
    policy: PolicyView
    fees: list[SessionFeeView]


class PracticeSessionPage(TypedDict):
    """A page of sessions. `next_cursor` null: there are no more."""

    items: list[PracticeSessionSummary]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class StaffCommandAnswer(TypedDict):
    """The session as it is now, the fee that the command recorded, and what became of a credit."""

    session: PracticeSession
    fee: MoneyView | None
    credit: Credit | None


class StaffListQuery(ListQuery):
    """Which sessions, and which page of them."""

    not_filters = ListQuery.not_filters | {"order", "time_zone"}
    practitioner: Id | None = Field(default=None, description="Only this practitioner's.")
    client: Id | None = Field(default=None, description="Only this client's.")
    service: Id | None = Field(default=None, description="Only of this service.")
    location: Id | None = Field(default=None, description="Only at this location.")
    status: Status | None = Field(default=None, description="Only those that stand so.")
    since: Instant | None = first_instant("Starts")
    until: Instant | None = last_instant("Starts")
    order: Literal["soonest", "latest"] = Field(
        default="soonest", description="By the start: `soonest` first, or `latest` first."
    )
    limit: PageLimit = 20
    cursor: NextCursor = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA zone for the times. By default each practitioner's own."),
    ] = None


_BOOKING: JsonDict = {
    "client_id": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f",
    "practitioner_id": "e8b7a5d2-0f9c-4e3b-9d41-7c5b2a1f6e05",
    "service_id": "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21",
    "start": "2026-12-03T15:00:00-05:00",
    "format": "video",
}


class PutSession(RequestBody):
    """A session, whole. Client, practitioner, service, package and price stay once it is booked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    **_BOOKING,
                    "price": {"amount_minor": 15000, "currency": "USD"},
                    "duration_minutes": 80,
                    "notify": False,
                }
            ]
        }
    )
    client_id: Id
    practitioner_id: Id
    service_id: Id
    start: Annotated[Instant, Field(description="When it begins, with an offset.")]
    format: Format
    location_id: Id | None = Field(
        default=None,
        description="Needed only where an in-person service has more than one location.",
    )
    package_id: Id | None = Field(
        default=None, description="The client's package that pays for it with one credit."
    )
    price: Price | None = Field(
        default=None,
        description="What the session costs, where that is not the service's price. The policy's "
        "percentages are of this price.",
    )
    duration_minutes: Annotated[
        Duration | None,
        Field(description="How long it takes, where that is not the service's duration."),
    ] = None
    force: bool = Field(
        default=False,
        strict=True,
        description="Also outside working hours and over time off. Never over another session.",
    )
    notify: bool = Field(
        default=True,
        strict=True,
        description="False: neither the client nor the practitioner gets an email about this "
        "change. Reminders that are still to come are queued, and webhooks are told, all the same.",
    )

    def booking(self, external_ref: str | None) -> Booking:
        """Give what is to be booked, under the practice's own id for it."""
        price = self.price
        return Booking(
            self.client_id,
            self.practitioner_id,
            self.service_id,
            self.start,
            self.format,
            location_id=self.location_id,
            package_id=self.package_id,
            price=None if price is None else Money(price.amount_minor, price.currency),
            duration_minutes=self.duration_minutes,
            external_ref=external_ref,
        )


class BookRequest(PutSession):
    """Book a session for a client."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_BOOKING | {"external_ref": "visit-20261203-7"}]}
    )
    external_ref: ExternalRef | None = None


class StaffReason(Reason):
    """Why. The note is the practice's own: the client does not see it."""

    note: Annotated[Text, Field(description="In your words, 1 to 500 characters.")]


_REASON: JsonDict = {"note": "Dr. Chen is ill."}


class StaffCancelRequest(RequestBody):
    """Cancel a session for the practice."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"charge_fee": False, "reason": _REASON}]}
    )
    charge_fee: bool = Field(
        strict=True,
        description="Whether the client is charged what the policy asks now: its fee, or the "
        "credit. If not, nothing is charged and a credit comes back.",
    )
    reason: StaffReason


class StaffRescheduleRequest(RequestBody):
    """Move a session for the practice, or change its format, or both."""

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
    start: Annotated[Instant, Field(description="When it begins, with an offset.")]
    format: Format
    location_id: Id | None = Field(
        default=None,
        description="Needed only where an in-person service has more than one location.",
    )
    charge_fee: bool = Field(
        strict=True, description="Whether the client is charged the fee that the policy asks now."
    )
    force: bool = Field(
        default=False,
        strict=True,
        description="Also outside working hours and over time off. Never over another session.",
    )
    reason: StaffReason


class NoshowRequest(RequestBody):
    """Write down that the client did not come."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"charge_fee": True}]})
    charge_fee: bool = Field(
        strict=True,
        description="Whether the client is charged what the policy asks for a cancellation after "
        "the start. If not, nothing is charged and a credit comes back.",
    )
    reason: StaffReason | None = None


class FulfilledRequest(RequestBody):
    """Write down that the session took place."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
    reason: StaffReason | None = None


class UndoRequest(RequestBody):
    """Set a session back to booked."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": {"note": "The wrong session was marked."}}]}
    )
    reason: StaffReason
