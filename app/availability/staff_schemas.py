"""Request and response schemas of the free times that staff see."""

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field
from typing_extensions import TypeAliasType, TypedDict

from app.availability.schemas import DayView, FirstDay, LastDay
from app.domain.availability import EmptyReason
from app.domain.session import Format
from app.web.types import Id, QueryParameters, ZoneName

RulesFor = TypeAliasType("RulesFor", Literal["client", "staff"])


class FreeTimesQuery(QueryParameters):
    """The service, the practitioner, the days, the format, and whose rules."""

    service: Annotated[Id, Field(description="The id of the service.")]
    practitioner: Annotated[Id, Field(description="The id of the practitioner.")]
    first: FirstDay = Field(default=None, alias="from")
    last: LastDay = Field(default=None, alias="to")
    format: Annotated[
        Format | None, Field(description="Needed where the service has more than one format.")
    ] = None
    time_zone: Annotated[
        ZoneName | None,
        Field(description="IANA time zone for days and times. Default: the practitioner's."),
    ] = None
    rules_for: Annotated[
        RulesFor,
        Field(
            description="`client`: what clients could choose. `staff`: minimum notice, horizon and "
            "limits do not bind."
        ),
    ] = Field(default="client", alias="as")


class NoFreeTimeView(TypedDict):
    """Why there is no free time."""

    code: EmptyReason
    message: Annotated[str, Field(description="The reason as a sentence.")]


class _Of(TypedDict):
    service_id: UUID
    practitioner_id: UUID
    format: Format
    time_zone: str


# `from` and `as` are keywords.
_Range = TypedDict("_Range", {"from": dt.date, "to": dt.date, "as": RulesFor})


class FreeTimesView(_Of, _Range):
    """The free times by day, in the practitioner's or the asked time zone.

    Days without free times are absent.
    """

    days: list[DayView]
    empty_reason: NoFreeTimeView | None
    next_available: Annotated[
        dt.date | None,
        Field(description="The next day with a free time, if the requested range has none."),
    ]
