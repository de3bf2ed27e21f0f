"""Shapes of time off and of time taken in other calendars."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from app.directory.fields import ExternalRef, RefText
from app.schedule.hours.schemas import MisfitReport
from app.texts.errors import InvalidValueError
from app.web.pagination import ListQuery, PageAnswer
from app.web.types import Day, Instant, NextCursor, PageLimit, RequestBody
from app.web.views import Answer

MAX_OF_A_SOURCE = 5000
_EXAMPLE = {"starts_at": "2026-12-21T08:00:00-07:00", "ends_at": "2027-01-04T08:00:00-07:00"}

Source = RefText
Starts = Annotated[Instant, Field(description="With an offset.")]
Ends = Annotated[Instant, Field(description="After `starts_at`, at most two years.")]


class NewTimeOff(RequestBody):
    """Time off. It may overlap booked sessions, which are reported and stay."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_EXAMPLE, "external_ref": "leave-118"}]}
    )
    starts_at: Starts
    ends_at: Ends
    external_ref: ExternalRef | None = None


class ChangeTimeOff(RequestBody):
    """What to change. A time that is absent or null stays; a null reference takes it away."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ends_at": "2027-01-06T08:00:00-07:00"}]}
    )
    starts_at: Starts | None = None
    ends_at: Ends | None = None
    external_ref: ExternalRef | None = None

    def wanted(self) -> dict[str, Any]:
        """Name what is to change."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value
            for name, value in given.items()
            if value is not None or name == "external_ref"
        }


class PutTimeOff(RequestBody):
    """Time off whose reference is in the address."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE}]})
    starts_at: Starts
    ends_at: Ends


class BusyBody(RequestBody):
    """Time taken in another calendar."""

    starts_at: Starts
    ends_at: Annotated[
        Instant,
        Field(description="Not before `starts_at`. Where it is the same, no time is taken."),
    ]

    @field_validator("ends_at")
    @classmethod
    def _not_before_start(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        if "starts_at" in info.data and ends_at < info.data["starts_at"]:
            raise InvalidValueError("field.not-before-starts-at")
        return ends_at


class BusyTimesRequest(RequestBody):
    """All that one source knows. What is not in it ends."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {
                            "starts_at": "2026-12-03T13:00:00-07:00",
                            "ends_at": "2026-12-03T14:00:00-07:00",
                        }
                    ]
                }
            ]
        }
    )
    items: Annotated[
        list[BusyBody],
        Field(
            max_length=MAX_OF_A_SOURCE,
            description="In any order. Those that overlap or touch are joined, those without any "
            "length are dropped. An empty list: nothing is taken.",
        ),
    ]

    def times(self) -> list[tuple[datetime, datetime]]:
        """Give the intervals as pairs."""
        return [(item.starts_at, item.ends_at) for item in self.items]


class TimeOffQuery(ListQuery):
    """Which dates, and which page."""

    first: Annotated[
        Day | None, Field(description="First date. By default today, where the practitioner is.")
    ] = Field(default=None, alias="from")
    last: Annotated[Day | None, Field(description="Last date. By default there is none.")] = Field(
        default=None, alias="to"
    )
    limit: PageLimit = 50
    cursor: NextCursor = None


class BusyTimesQuery(TimeOffQuery):
    """Which dates, of which source, and which page."""

    source: Annotated[Source | None, Field(description="Only of this source.")] = None


class TimeOffView(Answer):
    """Time off of a practitioner. Times are UTC."""

    id: UUID
    practitioner_id: UUID
    starts_at: Annotated[datetime, Field(examples=["2026-12-21T15:00:00Z"])]
    ends_at: Annotated[datetime, Field(examples=["2027-01-04T15:00:00Z"])]
    external_ref: Annotated[str | None, Field(examples=["leave-118"])]


class TimeOffAnswer(TimeOffView):
    """The time off as it is now, and the booked sessions that do not fit."""

    misfits: MisfitReport


class TimeOffPage(PageAnswer[TimeOffView]):
    """A page of times off, soonest first. `next_cursor` null: there are no more."""


class BusyTimeView(Answer):
    """Time taken in another calendar. Times are UTC."""

    id: UUID
    source: Annotated[str, Field(examples=["work-calendar"])]
    starts_at: Annotated[datetime, Field(examples=["2026-12-03T20:00:00Z"])]
    ends_at: Annotated[datetime, Field(examples=["2026-12-03T21:00:00Z"])]


class BusyTimesPage(PageAnswer[BusyTimeView]):
    """A page of times taken elsewhere, soonest first. `next_cursor` null: there are no more."""


class BusyTimesAnswer(Answer):
    """What a source has now, and the booked sessions that do not fit."""

    source: Annotated[str, Field(examples=["work-calendar"])]
    count: Annotated[int, Field(description="Intervals after joining those that touch.")]
    dropped: Annotated[
        int,
        Field(description="Intervals of the request that end when they start.", examples=[0]),
    ]
    misfits: MisfitReport
