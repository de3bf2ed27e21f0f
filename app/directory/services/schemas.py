"""Schemas of services."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, field_validator

from app.directory.fields import Active, ExternalRef, KeptRecord, Name, RecordBody, Words, unchanged
from app.directory.price import Price
from app.domain.nudge import DEFAULT_NUDGE_HOURS
from app.domain.session import Format
from app.domain.waitlist import DEFAULT_OFFER_MINUTES, WaitlistMode
from app.standards.currencies import decimals_of
from app.texts.errors import InvalidValueError
from app.web.json import Answer
from app.web.pagination import PageAnswer
from app.web.types import Id, RequestBody, distinct
from app.web.views import MoneyView

MAX_FORMATS = 50
MAX_REMINDERS = 3
_DAY = 24 * 60
_YEAR = 366 * _DAY

_EXAMPLE: dict[str, Any] = {
    "name": "Follow-up",
    "duration_minutes": 50,
    "buffer_before_minutes": 0,
    "buffer_after_minutes": 10,
    "price": {"amount_minor": 12000, "currency": "USD"},
    "step_minutes": 30,
    "minimum_notice_minutes": 120,
    "horizon_days": 60,
    "reminder_minutes": [1440, 120],
    "formats": [
        {
            "kind": "in_person",
            "location_id": "9a4f0f63-1c7d-4b55-8f0e-3f3d0b6a7c94",
            "instructions": "Please ring at the blue door.",
        },
        {"kind": "video", "location_id": None, "instructions": None},
    ],
}


class OfferedFormat(RequestBody):
    """A format in which a service is offered. An in-person format is given once per location."""

    kind: Format
    location_id: Id | None = Field(
        default=None,
        validate_default=True,
        description="The location of an `in_person` format. Null for other formats.",
    )
    instructions: Annotated[
        Words | None,
        Field(description="How to join, for example who calls whom or which bell to ring."),
    ] = None

    @field_validator("location_id")
    @classmethod
    def _check_location(cls, value: UUID | None, info: ValidationInfo) -> UUID | None:
        kind = info.data.get("kind")
        if kind is Format.IN_PERSON and value is None:
            raise InvalidValueError("field.format-needs-location")
        if kind in {Format.VIDEO, Format.PHONE} and value is not None:
            raise InvalidValueError("field.format-without-location")
        return value


def _once_each(formats: list[OfferedFormat]) -> list[OfferedFormat]:
    if len({(offered.kind, offered.location_id) for offered in formats}) < len(formats):
        raise InvalidValueError("field.formats-once")
    return formats


def _longest_first(minutes: list[int]) -> list[int]:
    return sorted(minutes, reverse=True)


Duration = Annotated[
    int, Field(strict=True, ge=1, le=_DAY, description="Length of a session in minutes.")
]
BufferBefore = Annotated[
    int, Field(strict=True, ge=0, le=_DAY, description="Minutes kept free before a session.")
]
BufferAfter = Annotated[
    int,
    Field(
        strict=True,
        ge=0,
        le=_DAY,
        description="Minutes kept free after a session. Between two sessions the larger buffer "
        "applies: the first one's after, or the second one's before.",
    ),
]
Step = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=_DAY,
        description="Minutes between the starts of slots, counted from the start of the working "
        "hours.",
    ),
]
MinimumNotice = Annotated[
    int,
    Field(
        strict=True, ge=0, le=_YEAR, description="Minutes from now before the first slot starts."
    ),
]
Horizon = Annotated[
    int, Field(strict=True, ge=0, le=366, description="How many days ahead slots are offered.")
]
Reminders = Annotated[
    list[Annotated[int, Field(strict=True, ge=1, le=_YEAR)]],
    Field(
        max_length=MAX_REMINDERS,
        description="Minutes before the start at which the client is reminded: up to three "
        "different values. They are stored longest first.",
    ),
    AfterValidator(distinct),
    AfterValidator(_longest_first),
]
Waitlist = Annotated[
    WaitlistMode,
    Field(
        description="How the clients who wait for a freed time of this service are asked. "
        "`in_turn`: one after the other; the time is kept for whoever is asked. `all_at_once`: all "
        "of them, and the first who accepts has it. `off`: nobody can wait."
    ),
]
OfferMinutes = Annotated[
    int,
    Field(
        strict=True,
        ge=10,
        le=_DAY,
        description="How long an offer of a freed time lasts. It never lasts longer than a quarter "
        "of the time until the start, and at least 10 minutes.",
    ),
]
NudgeHours = Annotated[
    Annotated[int, Field(strict=True, ge=1, le=720)] | None,
    Field(
        description="Hours before the end of free cancellation at which the client is told of it, "
        "where a cancellation costs something afterwards. Null: never.",
    ),
]
Formats = Annotated[
    list[OfferedFormat],
    Field(
        min_length=1,
        max_length=MAX_FORMATS,
        description="All formats of the service. They replace the former ones.",
    ),
    AfterValidator(_once_each),
]


class FormatRecord(Answer):
    """A format in which the service is offered."""

    kind: Format
    location_id: UUID | None
    instructions: str | None = Field(examples=["Please ring at the blue door."])


class ServiceRecord(KeptRecord):
    """A service: a kind of session that can be booked."""

    external_ref: str | None = Field(examples=["svc-50"])
    name: str = Field(examples=[_EXAMPLE["name"]])
    duration_minutes: int = Field(examples=[50])
    buffer_before_minutes: int = Field(examples=[0])
    buffer_after_minutes: int = Field(examples=[10])
    price: MoneyView = Field(examples=[_EXAMPLE["price"] | {"decimals": 2}])
    step_minutes: int = Field(examples=[30])
    minimum_notice_minutes: int = Field(examples=[120])
    horizon_days: int = Field(examples=[60])
    reminder_minutes: list[int] = Field(examples=[[1440, 120]])
    waitlist: WaitlistMode = Field(examples=["in_turn"])
    offer_minutes: int = Field(examples=[60])
    nudge_hours_before: int | None = Field(examples=[24])
    formats: list[FormatRecord]

    @field_validator("price", mode="before")
    @classmethod
    def _with_decimals(cls, price: dict[str, Any]) -> dict[str, Any]:
        return price | {"decimals": decimals_of(price["currency"])}


class ServiceRecordPage(PageAnswer[ServiceRecord]):
    """A page of services by name. `next_cursor` is null on the last page."""


class PutService(RecordBody):
    """A complete service. Missing fields get their defaults, but `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    duration_minutes: Duration
    buffer_before_minutes: BufferBefore = 0
    buffer_after_minutes: BufferAfter = 0
    price: Price
    step_minutes: Step = 15
    minimum_notice_minutes: MinimumNotice = 0
    horizon_days: Horizon = 60
    reminder_minutes: Reminders = Field(default=[_DAY])
    waitlist: Waitlist = "in_turn"
    offer_minutes: OfferMinutes = DEFAULT_OFFER_MINUTES
    nudge_hours_before: NudgeHours = DEFAULT_NUDGE_HOURS
    formats: Formats
    active: Active = unchanged()


class NewService(PutService):
    """A new service."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "svc-50"}]}
    )
    external_ref: ExternalRef | None = None


class ChangeService(RecordBody):
    """The fields to change. Missing fields keep their values; `formats` replaces the whole list."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"price": {"amount_minor": 13000, "currency": "USD"}}]}
    )
    name: Name = unchanged()
    duration_minutes: Duration = unchanged()
    buffer_before_minutes: BufferBefore = unchanged()
    buffer_after_minutes: BufferAfter = unchanged()
    price: Price = unchanged()
    step_minutes: Step = unchanged()
    minimum_notice_minutes: MinimumNotice = unchanged()
    horizon_days: Horizon = unchanged()
    reminder_minutes: Reminders = unchanged()
    waitlist: Waitlist = unchanged()
    offer_minutes: OfferMinutes = unchanged()
    nudge_hours_before: NudgeHours = unchanged()
    formats: Formats = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
