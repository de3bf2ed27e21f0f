"""Request and response schemas of availability."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from app.domain.availability import EmptyReason
from app.domain.session import Format
from app.web.types import Day, QueryParameters, ZoneName
from app.web.views import ContactView, SlotView

FirstDay = Annotated[Day | None, Field(description="First day. Default: today.")]
LastDay = Annotated[
    Day | None,
    Field(description="Last day, inclusive; at most 62 days in total. Default: 31 days."),
]


class AvailabilityQuery(QueryParameters):
    """The days, the format and the time zone of a search for slots."""

    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")
    format: Annotated[
        Format | None, Field(description="Default: the session's current format.")
    ] = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA time zone for days and times. Default: the client's."),
    ] = None


class DayView(TypedDict):
    """The slots that start on one day in the viewer's time zone."""

    date: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    slots: list[SlotView]


class EmptyView(TypedDict):
    """Why there is no slot, and whom to contact."""

    code: EmptyReason
    message: Annotated[str, Field(description="A sentence to show to the client.")]
    contact: ContactView


class _Of(TypedDict):
    session_id: UUID
    format: Format
    time_zone: str


_Range = TypedDict("_Range", {"from": dt.date, "to": dt.date})  # `from` is a keyword


class AvailabilityView(_Of, _Range):
    """The slots by day in the viewer's time zone. Days without slots are absent."""

    days: list[DayView]
    empty_reason: EmptyView | None
    next_available: Annotated[
        dt.date | None,
        Field(description="The next day with a slot, if the requested range has none."),
    ]
