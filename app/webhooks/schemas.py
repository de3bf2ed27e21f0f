"""Shapes of webhook endpoints on the wire."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StrictBool,
    StringConstraints,
)

from app.outbox.events import EVENT_TYPES, EventType
from app.web.pagination import ActiveFilter, ListQuery, PageAnswer
from app.web.types import NextCursor, PageLimit, RequestBody, Text, visible
from app.web.views import Answer
from app.webhooks.targets import MAX_URL

_URL = "https://crm.example/hooks/reslot"


def _sorted(value: Sequence[EventType] | None) -> list[EventType]:
    return sorted(set(value or ()))


_RefText = Annotated[
    str, StringConstraints(strict=True, min_length=1, max_length=255), AfterValidator(visible)
]
ExternalRef = Annotated[
    _RefText,
    Field(description="The endpoint's id in your own software: 1 to 255 visible characters."),
]
EndpointRef = Annotated[
    _RefText,
    Path(description="The record's id in your own software. It may contain slashes."),
]
Url = Annotated[
    str,
    StringConstraints(strict=True, min_length=1, max_length=MAX_URL),
    Field(
        description="Where events are posted to: `https`, on any port, of at most 2000 visible "
        "characters, without user name and fragment, and not in a private network. The host may be "
        "an internationalised name (IDNA 2008); all else is ASCII. Redirects are not followed."
    ),
]
Events = Annotated[
    list[EventType] | None,
    Field(
        max_length=100,
        description="Which events it is told of. Empty or null: all, those that will be added "
        "later too. One of: " + ", ".join(f"`{name}`" for name in EVENT_TYPES) + ".",
    ),
    AfterValidator(_sorted),
]
Description = Annotated[Text | None, Field(description="What it is, for people.")]
IncludeReason = Annotated[
    StrictBool,
    Field(
        description="Whether events tell the code of a reason (`data.reason_code`), which may tell "
        "of somebody's health. By default they do not: it is null. The note is never sent."
    ),
]
Active = Annotated[
    StrictBool,
    Field(
        description="False: nothing is sent there, and what waits is dropped. True switches it on "
        "again, also where the service itself gave up. Left out, it stays as it is."
    ),
]


class ChangeEndpoint(RequestBody):
    """What to change of a webhook endpoint; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": True}]})
    url: Url = Field(default_factory=str)
    events: Events = Field(default_factory=list)
    description: Description = Field(default_factory=str)
    include_reason: IncludeReason = Field(default_factory=bool)
    active: Active = Field(default_factory=bool)

    def values(self) -> Mapping[str, Any]:
        """Give what the request says."""
        return self.model_dump(exclude_unset=True)


class PutEndpoint(RequestBody):
    """A webhook endpoint as it is to be."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": _URL, "events": ["session.cancelled"]}]}
    )
    url: Url
    events: Events = Field(default_factory=list)
    description: Description = None
    include_reason: IncludeReason = False
    active: Active = Field(default_factory=bool)

    def values(self) -> Mapping[str, Any]:
        """Give what the request says; a flag that is left out says nothing."""
        left_out = {"active"} - self.model_fields_set
        return self.model_dump(exclude=left_out)


class NewEndpoint(RequestBody):
    """A new webhook endpoint."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "url": _URL,
                    "events": ["session.rescheduled", "session.cancelled"],
                    "description": "Keeps the front desk's calendar up to date.",
                }
            ]
        }
    )
    url: Url
    events: Events = Field(default_factory=list)
    description: Description = None
    include_reason: IncludeReason = False
    external_ref: ExternalRef | None = None

    def values(self) -> Mapping[str, Any]:
        """Give all fields."""
        return self.model_dump()


class EndpointView(Answer):
    """A webhook endpoint. Its secret is never shown again."""

    id: UUID
    external_ref: str | None = Field(examples=["crm-main"])
    active: bool = Field(description="False: nothing is sent there.")
    url: str = Field(examples=[_URL])
    description: str | None = Field(examples=["Keeps the front desk's calendar up to date."])
    events: list[EventType] = Field(
        examples=[["session.cancelled", "session.rescheduled"]],
        description="Empty: all events.",
    )
    include_reason: bool = Field(
        examples=[False], description="Whether events tell the code of a reason."
    )
    failures: int = Field(
        examples=[0], description="Attempts that failed since the last one that did not."
    )
    failing_since: datetime | None = Field(
        examples=[None], description="When the first of them was."
    )
    disabled_at: datetime | None = Field(
        examples=[None], description="When the service itself gave up on it."
    )


class EndpointWithSecret(EndpointView):
    """A webhook endpoint with its secret, where it has just been made; else null."""

    secret: str | None = Field(
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="],
        description="Verifies the signatures, with any library for Standard Webhooks. Keep it now: "
        "it is not shown again.",
    )


class EndpointPage(PageAnswer[EndpointView]):
    """A page of webhook endpoints. `next_cursor` null: there are no more."""


class EndpointQuery(ListQuery):
    """Which webhook endpoints, and which page of them."""

    active: ActiveFilter = None
    limit: PageLimit = 20
    cursor: NextCursor = None
