"""Schemas of time off, and of busy times of other calendars."""

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
from app.web.json import Answer
from app.web.pagination import ListQuery, PageAnswer
from app.web.types import Day, Instant, NextCursor, PageLimit, RequestBody

MAX_OF_A_SOURCE = 5000
_EXAMPLE = {"starts_at": "2026-12-21T08:00:00-07:00", "ends_at": "2027-01-04T08:00:00-07:00"}

Source = RefText
Starts = Annotated[Instant, Field(description="The start, with an offset.")]
Ends = Annotated[
    Instant, Field(description="The end, with an offset, at most two years after `starts_at`.")
]


class NewTimeOff(RequestBody):
    """New time off. Booked sessions that it overlaps are reported and do not change."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{**_EXAMPLE, "external_ref": "leave-118"}]}
    )
    starts_at: Starts
    ends_at: Ends
    external_ref: ExternalRef | None = None


class ChangeTimeOff(RequestBody):
    """The fields to change. A missing or null time keeps its value; a null reference is cleared."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"ends_at": "2027-01-06T08:00:00-07:00"}]}
    )
    starts_at: Starts | None = None
    ends_at: Ends | None = None
    external_ref: ExternalRef | None = None

    def wanted(self) -> dict[str, Any]:
        """Return the fields to change by name."""
        given = {name: getattr(self, name) for name in self.model_fields_set}
        return {
            name: value
            for name, value in given.items()
            if value is not None or name == "external_ref"
        }


class PutTimeOff(RequestBody):
    """Time off whose reference is in the path."""

    model_config = ConfigDict(json_schema_extra={"examples": [{**_EXAMPLE}]})
    starts_at: Starts
    ends_at: Ends


class BusyBody(RequestBody):
    """A busy time of another calendar."""

    starts_at: Starts
    ends_at: Annotated[
        Instant,
        Field(
            description="The end, with an offset, not before `starts_at`. If it is equal, the "
            "interval is dropped."
        ),
    ]

    @field_validator("ends_at")
    @classmethod
    def _not_before_start(cls, ends_at: datetime, info: ValidationInfo) -> datetime:
        if "starts_at" in info.data and ends_at < info.data["starts_at"]:
            raise InvalidValueError("field.not-before-starts-at")
        return ends_at


class BusyTimesRequest(RequestBody):
    """All busy times of one source. They replace the former ones."""

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
            description="In any order. Intervals that overlap or touch are joined; intervals "
            "without length are dropped. An empty list removes the source.",
        ),
    ]

    def times(self) -> list[tuple[datetime, datetime]]:
        """Return the intervals as pairs of start and end."""
        return [(item.starts_at, item.ends_at) for item in self.items]


class TimeOffQuery(ListQuery):
    """A range of dates, and the page of the list."""

    first: Annotated[
        Day | None, Field(description="First date. Default: today in the practitioner's zone.")
    ] = Field(default=None, alias="from")
    last: Annotated[Day | None, Field(description="Last date. Default: no last date.")] = Field(
        default=None, alias="to"
    )
    limit: PageLimit = 50
    cursor: NextCursor = None


class BusyTimesQuery(TimeOffQuery):
    """A range of dates, a source, and the page of the list."""

    source: Annotated[Source | None, Field(description="Filter by source.")] = None


class TimeOffView(Answer):
    """Time off of a practitioner. Times are UTC."""

    id: UUID
    practitioner_id: UUID
    starts_at: Annotated[datetime, Field(examples=["2026-12-21T15:00:00Z"])]
    ends_at: Annotated[datetime, Field(examples=["2027-01-04T15:00:00Z"])]
    external_ref: Annotated[str | None, Field(examples=["leave-118"])]


class TimeOffAnswer(TimeOffView):
    """The time off after the change, and the booked sessions that do not fit."""

    misfits: MisfitReport


class TimeOffPage(PageAnswer[TimeOffView]):
    """A page of time off, soonest first. `next_cursor` is null on the last page."""


class BusyTimeView(Answer):
    """A busy time of another calendar. Times are UTC."""

    id: UUID
    source: Annotated[str, Field(examples=["work-calendar"])]
    starts_at: Annotated[datetime, Field(examples=["2026-12-03T20:00:00Z"])]
    ends_at: Annotated[datetime, Field(examples=["2026-12-03T21:00:00Z"])]


class BusyTimesPage(PageAnswer[BusyTimeView]):
    """A page of busy times, soonest first. `next_cursor` is null on the last page."""


class BusyTimesAnswer(Answer):
    """The busy times of a source after the change, and the booked sessions that do not fit."""

    source: Annotated[str, Field(examples=["work-calendar"])]
    count: Annotated[int, Field(description="Stored intervals, after joining.")]
    dropped: Annotated[
        int,
        Field(description="Intervals of the request without length.", examples=[0]),
    ]
    misfits: MisfitReport
