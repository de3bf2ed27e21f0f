"""Schemas of practitioners."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import ConfigDict, Field

from app.directory.contact_fields import Email, Locale, Phone, TimeZone, WebAddress
from app.directory.fields import Active, ExternalRef, KeptRecord, Name, RecordBody, unchanged
from app.web.pagination import PageAnswer
from app.web.pictures import picture_path_if_any

PerDay = Annotated[
    int,
    Field(strict=True, ge=1, le=100, description="Most sessions on a local day. Null: no limit."),
]
PerWeek = Annotated[
    int,
    Field(strict=True, ge=1, le=700, description="Most sessions in an ISO week. Null: no limit."),
]
Zone = Annotated[TimeZone, Field(description="IANA time zone of the working hours.")]
OwnEmail = Annotated[
    Email,
    Field(
        description="Email address for clients and for notifications to the practitioner. Null: "
        "the practice's address is used."
    ),
]
OwnPhone = Annotated[
    Phone,
    Field(description="Phone number for clients. Null: the practice's number is used."),
]
OwnLocale = Annotated[
    Locale,
    Field(
        description="BCP 47 tag of the language of the practitioner's emails, such as `de-AT`. "
        "Null: English, as the region of the time zone writes it."
    ),
]
Room = Annotated[WebAddress, Field(description="URL of the practitioner's video sessions.")]

_EXAMPLE: dict[str, Any] = {
    "name": "Dr. Maya Chen",
    "email": "maya@harbor.example",
    "phone": "+1 303 555 0100",
    "time_zone": "America/Denver",
    "locale": "en-US",
    "video_url": "https://video.example/maya",
    "sessions_per_day": 8,
    "sessions_per_week": None,
}


class PractitionerRecord(KeptRecord):
    """A practitioner. The limits apply to clients who book or reschedule online."""

    external_ref: str | None = Field(examples=["staff-7"])
    name: str = Field(examples=[_EXAMPLE["name"]])
    email: str | None = Field(examples=[_EXAMPLE["email"]])
    phone: str | None = Field(examples=[_EXAMPLE["phone"]])
    time_zone: str = Field(examples=[_EXAMPLE["time_zone"]])
    locale: str | None = Field(examples=[_EXAMPLE["locale"]])
    video_url: str | None = Field(examples=[_EXAMPLE["video_url"]])
    sessions_per_day: int | None = Field(examples=[8])
    sessions_per_week: int | None = Field(examples=[None])
    photo_url: str | None = Field(
        description="Path of the photo. `PUT …/{practitioner_id}/photo` sets it.", examples=[None]
    )

    @classmethod
    def of(cls, record: Mapping[str, Any], now: datetime) -> Self:  # noqa: ARG003 - of no effect
        """Present a practitioner, with the path of their photo."""
        path = picture_path_if_any(record["practice_id"], record["photo"])
        return cls(**record, photo_url=path)


class PractitionerRecordPage(PageAnswer[PractitionerRecord]):
    """A page of practitioners by name. `next_cursor` is null on the last page."""


class PutPractitioner(RecordBody):
    """A complete practitioner. Missing fields are cleared, but `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    email: OwnEmail | None = None
    phone: OwnPhone | None = None
    time_zone: Zone
    locale: OwnLocale | None = None
    video_url: Room | None = None
    sessions_per_day: PerDay | None = None
    sessions_per_week: PerWeek | None = None
    active: Active = unchanged()


class NewPractitioner(PutPractitioner):
    """A new practitioner."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "staff-7"}]}
    )
    external_ref: ExternalRef | None = None


class ChangePractitioner(RecordBody):
    """The fields to change. Missing fields keep their values; null clears an optional field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"sessions_per_day": 6}]})
    name: Name = unchanged()
    email: OwnEmail | None = unchanged()
    phone: OwnPhone | None = unchanged()
    time_zone: Zone = unchanged()
    locale: OwnLocale | None = unchanged()
    video_url: Room | None = unchanged()
    sessions_per_day: PerDay | None = unchanged()
    sessions_per_week: PerWeek | None = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
