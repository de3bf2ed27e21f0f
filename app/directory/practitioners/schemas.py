"""Shapes of practitioners on the wire."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.directory.fields import (
    Active,
    Email,
    ExternalRef,
    KeptRecord,
    Name,
    Phone,
    RecordBody,
    TimeZone,
    WebAddress,
    unchanged,
)
from app.web.pagination import PageAnswer

PerDay = Annotated[
    int, Field(strict=True, ge=1, le=100, description="Sessions a local day; null: no limit.")
]
PerWeek = Annotated[
    int, Field(strict=True, ge=1, le=700, description="Sessions an ISO week; null: no limit.")
]
Zone = Annotated[TimeZone, Field(description="IANA time zone that his working hours are in.")]
OwnEmail = Annotated[
    Email,
    Field(
        description="Where clients and this service write to the practitioner. Null: to the "
        "practice's address."
    ),
]
OwnPhone = Annotated[
    Phone,
    Field(description="Where clients call the practitioner. Null: they call the practice's phone."),
]
Room = Annotated[WebAddress, Field(description="The room of his video sessions.")]

_EXAMPLE: dict[str, Any] = {
    "name": "Dr. Maya Chen",
    "email": "maya@harbor.example",
    "phone": "+1 303 555 0100",
    "time_zone": "America/Denver",
    "video_url": "https://video.example/maya",
    "sessions_per_day": 8,
    "sessions_per_week": None,
}


class PractitionerRecord(KeptRecord):
    """Who gives sessions, with the limits that hold for clients who book or move online."""

    external_ref: str | None = Field(examples=["staff-7"])
    name: str = Field(examples=[_EXAMPLE["name"]])
    email: str | None = Field(examples=[_EXAMPLE["email"]])
    phone: str | None = Field(examples=[_EXAMPLE["phone"]])
    time_zone: str = Field(examples=[_EXAMPLE["time_zone"]])
    video_url: str | None = Field(examples=[_EXAMPLE["video_url"]])
    sessions_per_day: int | None = Field(examples=[8])
    sessions_per_week: int | None = Field(examples=[None])


class PractitionerRecordPage(PageAnswer[PractitionerRecord]):
    """A page of practitioners by name. `next_cursor` null: there are no more."""


class PutPractitioner(RecordBody):
    """A practitioner, whole: what is left out is cleared, but `active` stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    email: OwnEmail | None = None
    phone: OwnPhone | None = None
    time_zone: Zone
    video_url: Room | None = None
    sessions_per_day: PerDay | None = None
    sessions_per_week: PerWeek | None = None
    active: Active = unchanged()


class NewPractitioner(PutPractitioner):
    """A practitioner to be made."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "staff-7"}]}
    )
    external_ref: ExternalRef | None = None


class ChangePractitioner(RecordBody):
    """What is to change. What is left out stays; null clears what may be empty."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sessions_per_day": 6}]})
    name: Name = unchanged()
    email: OwnEmail | None = unchanged()
    phone: OwnPhone | None = unchanged()
    time_zone: Zone = unchanged()
    video_url: Room | None = unchanged()
    sessions_per_day: PerDay | None = unchanged()
    sessions_per_week: PerWeek | None = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
