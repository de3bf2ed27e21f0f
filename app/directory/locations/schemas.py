"""Schemas of locations."""

from typing import Any

from pydantic import ConfigDict, Field

from app.directory.fields import Active, ExternalRef, KeptRecord, Name, RecordBody, Words, unchanged
from app.web.pagination import PageAnswer

_EXAMPLE: dict[str, Any] = {"name": "Harbor Street", "address": "1 Harbor Street, Denver, CO 80202"}


class LocationRecord(KeptRecord):
    """A location where in-person sessions take place."""

    external_ref: str | None = Field(examples=["room-2"])
    name: str = Field(examples=[_EXAMPLE["name"]])
    address: str = Field(examples=[_EXAMPLE["address"]])


class LocationRecordPage(PageAnswer[LocationRecord]):
    """A page of locations by name. `next_cursor` is null on the last page."""


class PutLocation(RecordBody):
    """A complete location. A missing `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    address: Words
    active: Active = unchanged()


class NewLocation(PutLocation):
    """A new location."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "room-2"}]}
    )
    external_ref: ExternalRef | None = None


class ChangeLocation(RecordBody):
    """The fields to change. Missing fields keep their values."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": False}]})
    name: Name = unchanged()
    address: Words = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
