"""The shape of availability on the wire."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from app.domain.availability import EmptyReason
from app.domain.session import Format
from app.inputs import Day, ZoneName
from app.sessions.schemas import Answer, ContactView, SlotView


class AvailabilityQuery(BaseModel):
    """Which days, in which format, seen from which zone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

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


class DayView(Answer):
    """The slots that start on one day of the viewer's calendar."""

    date: dt.date
    slots: list[SlotView]


class EmptyView(Answer):
    """Why nothing is on offer, and whom to contact."""

    code: EmptyReason
    message: str = Field(description="A sentence that a client can read.")
    contact: ContactView


class AvailabilityView(Answer):
    """What is on offer, by day of the viewer's calendar; a day without slots is absent."""

    model_config = ConfigDict(populate_by_name=True)

    session_id: UUID
    format: Format
    time_zone: str
    first: Annotated[dt.date, Field(serialization_alias="from")]
    last: Annotated[dt.date, Field(serialization_alias="to")]
    days: list[DayView]
    empty_reason: EmptyView | None
    next_available: Annotated[
        dt.date | None,
        Field(description="The next day with a slot, where the range asked for has none."),
    ]
