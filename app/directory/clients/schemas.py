"""Schemas of clients, for staff."""

from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field

from app.directory.contact_fields import Email, Locale, Phone, TimeZone
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
from app.web.types import no_nul

Zone = Annotated[
    TimeZone, Field(description="IANA time zone in which the client is shown all times.")
]

_EXAMPLE: dict[str, Any] = {
    "name": "Ana Ruiz",
    "email": "ana@client.example",
    "phone": "+1 212 555 0188",
    "time_zone": "America/New_York",
    "locale": "en-US",
}


class ClientQuery(RecordQuery):
    """Filters and page of a list of clients."""

    email: Annotated[
        str | None,
        Field(
            max_length=254,
            description="Clients with this address. Capitals and the spelling of the domain "
            "(Unicode or Punycode) do not matter.",
        ),
        AfterValidator(no_nul),
    ] = None


class ClientRecord(KeptRecord):
    """A client of the practice."""

    name: str = Field(examples=[_EXAMPLE["name"]])
    email: str = Field(examples=[_EXAMPLE["email"]])
    phone: str | None = Field(examples=[_EXAMPLE["phone"]])
    time_zone: str = Field(examples=[_EXAMPLE["time_zone"]])
    locale: str = Field(examples=[_EXAMPLE["locale"]])


class ClientRecordPage(PageAnswer[ClientRecord]):
    """A page of clients by name. `next_cursor` is null on the last page."""


class PutClient(RecordBody):
    """A complete client. A missing `phone` is cleared; a missing `active` keeps its value."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    email: Email
    phone: Phone | None = None
    time_zone: Zone
    locale: Locale
    active: Active = unchanged()


class NewClient(PutClient):
    """A new client."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "crm-1042"}]}
    )
    external_ref: ExternalRef | None = None


class ChangeClient(RecordBody):
    """The fields to change. Missing fields keep their values; null clears an optional field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ana.ruiz@new.example"}]})
    name: Name = unchanged()
    email: Email = unchanged()
    phone: Phone | None = unchanged()
    time_zone: Zone = unchanged()
    locale: Locale = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
