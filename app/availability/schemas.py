"""The shape of availability on the wire."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import Field, WithJsonSchema
from typing_extensions import TypedDict

from app.domain.availability import EmptyReason
from app.domain.session import Format
from app.web.types import Day, QueryParameters, ZoneName
from app.web.views import ContactView, SlotView


class AvailabilityQuery(QueryParameters):
    """Which days, in which format, seen from which zone."""

    first: Annotated[Day | None, Field(description="First day. By default today.")] = Field(
        default=None, alias="from"
    )
    last: Annotated[
        Day | None, Field(description="Last day, at most 62 in all. By default 31 days in all.")
    ] = Field(default=None, alias="to")
    format: Annotated[
        Format | None, Field(description="By default the format that the session has.")
    ] = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA zone of the viewer, for days and times. By default the client's."),
    ] = None


class DayView(TypedDict):
    """The slots that start on one day of the viewer's calendar."""

    date: Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
    slots: list[SlotView]


class EmptyView(TypedDict):
    """Why nothing is on offer, and whom to contact."""

    code: EmptyReason
    message: Annotated[str, Field(description="A sentence that a client can read.")]
    contact: ContactView


class _Of(TypedDict):
    session_id: UUID
    format: Format
    time_zone: str


_Range = TypedDict("_Range", {"from": dt.date, "to": dt.date})  # a keyword is no attribute's name


class AvailabilityView(_Of, _Range):
    """What is on offer, by day of the viewer's calendar; a day without slots is absent."""

    days: list[DayView]
    empty_reason: EmptyView | None
    next_available: Annotated[
        dt.date | None,
        Field(description="The next day with a slot, where the range asked for has none."),
    ]
