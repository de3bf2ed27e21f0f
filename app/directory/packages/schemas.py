"""Schemas of packages, for staff."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import ConfigDict, Field

from app.directory.fields import (
    Active,
    ExternalRef,
    KeptRecord,
    Name,
    RecordBody,
    RecordQuery,
    unchanged,
)
from app.web.pagination import PageAnswer
from app.web.types import Id, Instant

Credits = Annotated[
    int,
    Field(
        strict=True,
        ge=1,
        le=10_000,
        description="Number of prepaid sessions. It cannot be below the credits in use.",
    ),
]
Expiry = Annotated[
    Instant,
    Field(description="From this time on no credit can be used. Null: it does not expire."),
]

_EXAMPLE: dict[str, Any] = {
    "client_id": "7e5d4c3b-2a19-4f08-8e7d-6c5b4a39281f",
    "service_id": "5d7f6c0a-54a5-4c63-a3c0-1a0d4c9f7e21",
    "name": "Six follow-ups",
    "credits": 6,
    "expires_at": "2027-06-30T23:59:59-04:00",
}


class PackageQuery(RecordQuery):
    """Filters and page of a list of packages."""

    client: Annotated[Id | None, Field(description="Filter by client.")] = None
    service: Annotated[Id | None, Field(description="Filter by service.")] = None


class PackageRecord(KeptRecord):
    """Prepaid sessions of a service. Times are in UTC.

    `usable_until`: until when a credit can be used that was returned to a package which has expired
    or expires soon.
    """

    external_ref: str | None = Field(examples=["invoice-88"])
    client_id: UUID
    service_id: UUID
    name: str = Field(examples=[_EXAMPLE["name"]])
    credits: int = Field(examples=[6])
    credits_left: int = Field(examples=[2])
    expires_at: datetime | None = Field(examples=["2027-07-01T03:59:59Z"])
    usable_until: datetime | None = Field(examples=[None])

    @classmethod
    def of(cls, record: Mapping[str, Any], now: datetime) -> Self:
        """Present a package at `now`. A grace period that is over is null."""
        until = record["usable_until"]
        return cls(**{**record, "usable_until": until if until and until > now else None})


class PackageRecordPage(PageAnswer[PackageRecord]):
    """A page of packages by name. `next_cursor` is null on the last page."""


class PutPackage(RecordBody):
    """A complete package. Without `expires_at` it does not expire; `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    client_id: Id = Field(description="The owner of the package. It cannot change later.")
    service_id: Id = Field(description="The service that it pays for. It cannot change later.")
    name: Name
    credits: Credits
    expires_at: Expiry | None = None
    active: Active = unchanged()


class NewPackage(PutPackage):
    """A new package."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "invoice-88"}]}
    )
    external_ref: ExternalRef | None = None


class ChangePackage(RecordBody):
    """The fields to change. Missing fields keep their values; null clears an optional field."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"credits": 8, "expires_at": "2027-12-31T23:59:59-05:00"}]}
    )
    name: Name = unchanged()
    credits: Credits = unchanged()
    expires_at: Expiry | None = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
