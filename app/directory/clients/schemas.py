"""Schemas of clients, for staff."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from typing_extensions import TypeAliasType

from app.directory.clients.erased import ERASED_EMAIL, TOMBSTONE
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
from app.web.types import Instant, no_nul

Zone = Annotated[
    TimeZone, Field(description="IANA time zone in which the client is shown all times.")
]

# Which text messages a client gets.
TextsWanted = TypeAliasType("TextsWanted", Literal["off", "reminders", "all"])
TextsEnded = TypeAliasType("TextsEnded", Literal["reminders", "all"])
_Wanted = Annotated[
    TextsWanted,
    Field(
        description="Which text messages the client gets: none, reminders (in place of the email), "
        "or also those about changes. Not `off`: `phone` is a mobile number with its country code, "
        "and `texts_agreed_at` is needed. If missing, it keeps its value; of a new client: `off`."
    ),
]
_Agreed = Annotated[
    Instant,
    Field(
        description="When the client agreed to text messages, not in the future. If the client has "
        "ended them with STOP, only a later agreement turns them on again."
    ),
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
    texts: TextsWanted = Field(examples=["off"])
    texts_agreed_at: datetime | None = Field(examples=[None])
    texts_number: str | None = Field(
        examples=[None],
        description="The number that text messages go to. Null: the client gets none, or `phone` "
        "is not a mobile number with its country code.",
    )
    texts_stopped: TextsEnded | None = Field(
        examples=[None],
        description="What the client ended with STOP, and START would restore.",
    )
    texts_stopped_at: datetime | None = Field(
        examples=[None], description="When the client ended text messages with STOP."
    )


class ClientRecordPage(PageAnswer[ClientRecord]):
    """A page of clients by name. `next_cursor` is null on the last page."""


class PutClient(RecordBody):
    """A complete client. A missing `phone` is cleared.

    `active` and `texts` keep their values if they are missing.
    """

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})
    name: Name
    email: Email
    phone: Phone | None = None
    time_zone: Zone
    locale: Locale
    texts: _Wanted = unchanged()
    texts_agreed_at: _Agreed | None = unchanged()
    active: Active = unchanged()


class NewClient(PutClient):
    """A new client."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [_EXAMPLE | {"external_ref": "crm-1042"}]}
    )
    external_ref: ExternalRef | None = None


def _address_or_erased(value: object, check: ValidatorFunctionWrapHandler) -> str:
    """Take the address that stands in place of an erased client's, which is not valid."""
    return ERASED_EMAIL if value == ERASED_EMAIL else str(check(value))


class ClientLine(PutClient):
    """A complete client in an import or export in bulk, with what they ended with STOP.

    A client who was erased is known by the address that stands in place of theirs.
    """

    email: Annotated[Email, WrapValidator(_address_or_erased)]
    texts_stopped: TextsEnded | None = unchanged()
    texts_stopped_at: Instant | None = unchanged()

    def values(self) -> Mapping[str, Any]:
        """Return the fields. Those of an erased client are the same for all."""
        return TOMBSTONE if self.email == ERASED_EMAIL else super().values()


class ChangeClient(RecordBody):
    """The fields to change. Missing fields keep their values; null clears an optional field."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"email": "ana.ruiz@new.example"}]})
    name: Name = unchanged()
    email: Email = unchanged()
    phone: Phone | None = unchanged()
    time_zone: Zone = unchanged()
    locale: Locale = unchanged()
    texts: _Wanted = unchanged()
    texts_agreed_at: _Agreed | None = unchanged()
    active: Active = unchanged()
    external_ref: ExternalRef | None = unchanged()
