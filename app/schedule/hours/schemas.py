"""Schemas of working hours, overrides, and booked sessions that no longer fit."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from app.domain.availability import HoursInterval
from app.domain.misfits import MisfitReason
from app.domain.session import Format
from app.schedule.hours.records import MAX_OVERRIDE_DAYS, DayHours, minute_of
from app.texts.errors import InvalidValueError
from app.web.json import Answer
from app.web.types import Day, EndOfHours, Id, QueryParameters, RequestBody, TimeOfDay

MAX_WEEKLY = 200
MAX_OF_A_DAY = 50
LOCATION_ID = "9a4f0f63-1c7d-4b55-8f0e-3f3d0b6a7c94"


class IntervalBody(RequestBody):
    """Hours of one day, in local time of the practitioner's zone."""

    start: Annotated[TimeOfDay, Field(description="Start of the hours.")]
    end: Annotated[
        EndOfHours,
        Field(description="End of the hours, after `start`. `24:00` is the end of the day."),
    ]
    format: Annotated[
        Format | None, Field(description="The format that the hours are for. Null: all formats.")
    ] = None
    location_id: Annotated[
        Id | None,
        Field(
            description="The location that the hours are for, with the format `in_person` or "
            "null. Null: all locations."
        ),
    ] = None

    @field_validator("end")
    @classmethod
    def _after_start(cls, end: str, info: ValidationInfo) -> str:
        if end <= info.data.get("start", ""):
            raise InvalidValueError("field.after-start")
        return end

    @field_validator("location_id")
    @classmethod
    def _check_location(cls, location_id: UUID | None, info: ValidationInfo) -> UUID | None:
        if location_id is not None and info.data.get("format") not in {None, Format.IN_PERSON}:
            raise InvalidValueError("field.hours-without-location")
        return location_id

    def interval(self) -> HoursInterval:
        """Convert the hours to minutes of the day."""
        start, end = minute_of(self.start), minute_of(self.end)
        return HoursInterval(start, end, self.format, self.location_id)


class WeeklyIntervalBody(IntervalBody):
    """Hours of one weekday, in local time of the practitioner's zone."""

    weekday: Annotated[
        int, Field(strict=True, ge=1, le=7, description="ISO weekday: 1 is Monday, 7 Sunday.")
    ]


class WorkingHoursRequest(RequestBody):
    """The complete weekly hours. They replace the former ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "items": [
                        {"weekday": 1, "start": "09:00", "end": "12:30"},
                        {
                            "weekday": 1,
                            "start": "13:30",
                            "end": "18:00",
                            "format": "in_person",
                            "location_id": LOCATION_ID,
                        },
                        {"weekday": 2, "start": "17:00", "end": "24:00", "format": "video"},
                    ]
                }
            ]
        }
    )
    items: Annotated[
        list[WeeklyIntervalBody],
        Field(max_length=MAX_WEEKLY, description="In any order. An empty list means no hours."),
    ]

    def hours(self) -> list[DayHours]:
        """Convert the hours to minutes of their days."""
        return [DayHours(item.weekday, item.interval()) for item in self.items]


class OverrideRequest(RequestBody):
    """The hours of one date. They replace the weekly ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"intervals": [{"start": "10:00", "end": "14:00"}]}, {"intervals": []}]
        }
    )
    intervals: Annotated[
        list[IntervalBody],
        Field(max_length=MAX_OF_A_DAY, description="In any order. An empty list closes the date."),
    ]

    def hours(self) -> list[HoursInterval]:
        """Convert the hours to minutes of the day."""
        return [item.interval() for item in self.intervals]


class OverridesQuery(QueryParameters):
    """A range of dates."""

    first: Annotated[
        Day | None, Field(description="First date. Default: today in the practitioner's zone.")
    ] = Field(default=None, alias="from")
    last: Annotated[
        Day | None,
        Field(
            description=f"Last date. The range may have {MAX_OVERRIDE_DAYS} dates, which is the "
            "default."
        ),
    ] = Field(default=None, alias="to")


class IntervalView(Answer):
    """Hours in local time of the practitioner's zone, for one format and location or for all."""

    start: Annotated[str, Field(examples=["09:00"])]
    end: Annotated[str, Field(examples=["17:00"])]
    format: Annotated[Format | None, Field(examples=["in_person"])]
    location_id: UUID | None


class WeeklyIntervalView(IntervalView):
    """Hours of a weekday, in local time of the practitioner's zone."""

    weekday: Annotated[int, Field(description="ISO weekday: 1 is Monday, 7 Sunday.", examples=[1])]


class MisfitGroupView(Answer):
    """A group that no longer fits, with all reasons. Times are UTC."""

    id: UUID
    practitioner_id: UUID
    starts_at: Annotated[dt.datetime, Field(examples=["2026-12-03T20:00:00Z"])]
    ends_at: Annotated[dt.datetime, Field(examples=["2026-12-03T20:50:00Z"])]
    format: Format
    location_id: UUID | None
    reasons: Annotated[
        list[MisfitReason],
        Field(
            description="`outside_hours`: it is not within hours of its format and location. "
            "`time_off`: it overlaps time off. `busy_elsewhere`: it overlaps a busy time of "
            "another calendar."
        ),
    ]


class MisfitView(MisfitGroupView):
    """A booked session that no longer fits, with all reasons. Times are UTC."""

    client_id: UUID
    group_id: Annotated[
        UUID | None, Field(description="Its group, if it is a seat of one.", examples=[None])
    ]
    move_request_id: Annotated[
        UUID | None,
        Field(
            description="The open move request, with which the client is asked for another time."
        ),
    ]


class MisfitReport(Answer):
    """Future booked sessions and groups that no longer fit the practitioner's hours."""

    count: Annotated[int, Field(description="The number of these sessions.", examples=[1])]
    items: Annotated[list[MisfitView], Field(description="The first 100 of them, soonest first.")]
    groups: Annotated[
        list[MisfitGroupView],
        Field(
            description="The first 100 groups that no longer fit, also empty ones, soonest first. "
            "Their seats are among the sessions.",
            examples=[[]],
        ),
    ]


class WorkingHoursPage(Answer):
    """All weekly hours on one page, starting on Monday."""

    items: list[WeeklyIntervalView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class WorkingHoursAnswer(Answer):
    """The new weekly hours, and the booked sessions that do not fit."""

    items: list[WeeklyIntervalView]
    misfits: MisfitReport


class OverrideView(Answer):
    """The hours of one date. Without intervals the date is closed."""

    date: dt.date
    intervals: list[IntervalView]


class OverridePage(Answer):
    """All overridden dates of the range on one page, in order."""

    items: list[OverrideView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class OverrideAnswer(OverrideView):
    """The new hours of the date, and the booked sessions that do not fit."""

    misfits: MisfitReport
