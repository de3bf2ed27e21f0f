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

from app.outbound.targets import MAX_URL
from app.outbox.events import EVENT_TYPES, EventType
from app.web.json import Answer
from app.web.pagination import ActiveFilter, ListQuery, PageAnswer
from app.web.types import NextCursor, PageLimit, RequestBody, Text, visible

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
        description="The URL that events are posted to: `https`, any port, at most 2000 visible "
        "characters, without user name and fragment, not in a private network. The host may be an "
        "internationalised name (IDNA 2008); the rest is ASCII. Redirects are not followed."
    ),
]
Events = Annotated[
    list[EventType] | None,
    Field(
        max_length=100,
        description="The events that are sent to it. Empty or null: all, also those that are added "
        "in later versions. Values: " + ", ".join(f"`{name}`" for name in EVENT_TYPES) + ".",
    ),
    AfterValidator(_sorted),
]
Description = Annotated[Text | None, Field(description="A description for people.")]
IncludeReason = Annotated[
    StrictBool,
    Field(
        description="Whether events contain the code of a reason (`data.reason_code`), which may "
        "reveal health data. By default it is null. The note is never sent."
    ),
]
Active = Annotated[
    StrictBool,
    Field(
        description="False: no events are sent to it, and pending ones are dropped. True activates "
        "it again, also after the service disabled it. Left out: it does not change."
    ),
]


class ChangeEndpoint(RequestBody):
    """Changes to a webhook endpoint. Fields that are left out do not change."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"active": True}]})
    url: Url = Field(default_factory=str)
    events: Events = Field(default_factory=list)
    description: Description = Field(default_factory=str)
    include_reason: IncludeReason = Field(default_factory=bool)
    active: Active = Field(default_factory=bool)

    def values(self) -> Mapping[str, Any]:
        """Return the fields that the request contains."""
        return self.model_dump(exclude_unset=True)


class PutEndpoint(RequestBody):
    """The new state of a webhook endpoint."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"url": _URL, "events": ["session.cancelled"]}]}
    )
    url: Url
    events: Events = Field(default_factory=list)
    description: Description = None
    include_reason: IncludeReason = False
    active: Active = Field(default_factory=bool)

    def values(self) -> Mapping[str, Any]:
        """Return all fields, but `active` only if the request contains it."""
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
        """Return all fields."""
        return self.model_dump()


class EndpointView(Answer):
    """A webhook endpoint. Its secret is never shown again."""

    id: UUID
    external_ref: str | None = Field(examples=["crm-main"])
    active: bool = Field(description="False: no events are sent to it.")
    url: str = Field(examples=[_URL])
    description: str | None = Field(examples=["Keeps the front desk's calendar up to date."])
    events: list[EventType] = Field(
        examples=[["session.cancelled", "session.rescheduled"]],
        description="Empty: all events.",
    )
    include_reason: bool = Field(
        examples=[False], description="Whether events contain the code of a reason."
    )
    failures: int = Field(
        examples=[0], description="Failed attempts since the last successful one."
    )
    failing_since: datetime | None = Field(
        examples=[None], description="When the first of these failures happened."
    )
    disabled_at: datetime | None = Field(
        examples=[None], description="When the service disabled it after too many failures."
    )


class EndpointWithSecret(EndpointView):
    """A webhook endpoint with its secret if this call generated it, else null."""

    secret: str | None = Field(
        examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw9Q0aN7Vt2xE="],
        description="Verifies the signatures, with any library for Standard Webhooks. Store it: it "
        "is not shown again.",
    )


class EndpointPage(PageAnswer[EndpointView]):
    """A page of webhook endpoints. `next_cursor` null: there are no more."""


class EndpointQuery(ListQuery):
    """Filters and page of the list of webhook endpoints."""

    active: ActiveFilter = None
    limit: PageLimit = 20
    cursor: NextCursor = None
