"""Schemas of locations."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from app.directory.fields import Active, ExternalRef, KeptRecord, Name, RecordBody, Words, unchanged
from app.web.pagination import PageAnswer
from app.web.types import ZoneName

Zone = Annotated[
    ZoneName,
    Field(description="IANA time zone of the place. Null: that of the session's practitioner."),
]

_EXAMPLE: dict[str, Any] = {
    "name": "Harbor Street",
    "address": "1 Harbor Street, Denver, CO 80202",
    "time_zone": "America/Denver",
}


class LocationRecord(KeptRecord):
    """A location where in-person sessions take place."""

    external_ref: str | None = Field(examples=["room-2"])
    name: str = Field(examples=[_EXAMPLE["name"]])
    address: str = Field(examples=[_EXAMPLE["address"]])
    time_zone: str | None = Field(examples=[_EXAMPLE["time_zone"]])


class LocationRecordPage(PageAnswer[LocationRecord]):
    """A page of locations by name. `next_cursor` is null on the last page."""


class PutLocation(RecordBody):
    """A complete location. Missing fields are cleared, but `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    address: Words
    time_zone: Zone | None = None
    active: Active = unchanged()


class NewLocation(PutLocation):
    """A new location."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "room-2"}]}
    )
    external_ref: ExternalRef | None = None


class ChangeLocation(RecordBody):
    """The fields to change. Missing fields keep their values; null clears the time zone."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    name: Name = unchanged()
    address: Words = unchanged()
    time_zone: Zone | None = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
