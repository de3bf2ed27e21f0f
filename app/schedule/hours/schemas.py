"""Shapes of working hours, dated overrides, and sessions that fit no more."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, ValidationInfo, field_validator

from app.domain.availability import HoursInterval
from app.domain.misfits import MisfitReason
from app.domain.session import Format
from app.schedule.hours.records import MAX_OVERRIDE_DAYS, DayHours, minute_of
from app.texts.errors import InvalidValueError
from app.web.types import Day, EndOfHours, Id, QueryParameters, RequestBody, TimeOfDay
from app.web.views import Answer

MAX_WEEKLY = 200
MAX_OF_A_DAY = 50
LOCATION_ID = "9a4f0f63-1c7d-4b55-8f0e-3f3d0b6a7c94"


class IntervalBody(RequestBody):
    """Wall-clock hours of one day, in the practitioner's zone."""

    start: Annotated[TimeOfDay, Field(description="When the hours begin.")]
    end: Annotated[
        EndOfHours, Field(description="When they end; `24:00` is the end of the day. After start.")
    ]
    format: Annotated[
        Format | None, Field(description="The one format they are for. Null: all formats.")
    ] = None
    location_id: Annotated[
        Id | None,
        Field(
            description="The one location they are for, with `in_person` or no format. Null: all."
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
    def _where_somebody_goes(cls, location_id: UUID | None, info: ValidationInfo) -> UUID | None:
        if location_id is not None and info.data.get("format") not in {None, Format.IN_PERSON}:
            raise InvalidValueError("field.hours-without-location")
        return location_id

    def interval(self) -> HoursInterval:
        """Count in minutes, as the domain does."""
        start, end = minute_of(self.start), minute_of(self.end)
        return HoursInterval(start, end, self.format, self.location_id)


class WeeklyIntervalBody(IntervalBody):
    """Wall-clock hours of one weekday, in the practitioner's zone."""

    weekday: Annotated[
        int, Field(strict=True, ge=1, le=7, description="ISO weekday: 1 is Monday, 7 Sunday.")
    ]


class WorkingHoursRequest(RequestBody):
    """The whole week. What is not in it ends."""

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
        Field(max_length=MAX_WEEKLY, description="In any order. An empty list: no hours at all."),
    ]

    def hours(self) -> list[DayHours]:
        """Count in minutes, as the domain does."""
        return [DayHours(item.weekday, item.interval()) for item in self.items]


class OverrideRequest(RequestBody):
    """The hours of one date, in place of the weekly ones."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"intervals": [{"start": "10:00", "end": "14:00"}]}, {"intervals": []}]
        }
    )
    intervals: Annotated[
        list[IntervalBody],
        Field(max_length=MAX_OF_A_DAY, description="In any order. An empty list: closed that day."),
    ]

    def hours(self) -> list[HoursInterval]:
        """Count in minutes, as the domain does."""
        return [item.interval() for item in self.intervals]


class OverridesQuery(QueryParameters):
    """Which dates."""

    first: Annotated[
        Day | None, Field(description="First date. By default today, where the practitioner is.")
    ] = Field(default=None, alias="from")
    last: Annotated[
        Day | None,
        Field(description=f"Last date, at most {MAX_OVERRIDE_DAYS} in all. By default that many."),
    ] = Field(default=None, alias="to")


class IntervalView(Answer):
    """Wall-clock hours in the practitioner's zone, for one format and location or for all."""

    start: Annotated[str, Field(examples=["09:00"])]
    end: Annotated[str, Field(examples=["17:00"])]
    format: Annotated[Format | None, Field(examples=["in_person"])]
    location_id: UUID | None


class WeeklyIntervalView(IntervalView):
    """Wall-clock hours of a weekday (1 is Monday), in the practitioner's zone."""

    weekday: Annotated[int, Field(description="ISO weekday: 1 is Monday, 7 Sunday.", examples=[1])]


class MisfitView(Answer):
    """A booked session that does not fit any more, and every reason why. Times are UTC."""

    id: UUID
    practitioner_id: UUID
    starts_at: Annotated[dt.datetime, Field(examples=["2026-12-03T20:00:00Z"])]
    ends_at: Annotated[dt.datetime, Field(examples=["2026-12-03T20:50:00Z"])]
    format: Format
    location_id: UUID | None
    client_id: UUID
    reasons: Annotated[
        list[MisfitReason],
        Field(
            description="`outside_hours`: not within hours of its format and location. `time_off`, "
            "`busy_elsewhere`: it overlaps these."
        ),
    ]


class MisfitReport(Answer):
    """Booked sessions to come that do not fit the practitioner's time any more."""

    count: Annotated[int, Field(description="How many there are.", examples=[1])]
    items: Annotated[list[MisfitView], Field(description="The first 100 of them, soonest first.")]


class WorkingHoursPage(Answer):
    """The whole week, from Monday on. It always comes whole."""

    items: list[WeeklyIntervalView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class WorkingHoursAnswer(Answer):
    """The week as it is now, and the booked sessions that do not fit."""

    items: list[WeeklyIntervalView]
    misfits: MisfitReport


class OverrideView(Answer):
    """The hours of one date. No intervals: closed that day."""

    date: dt.date
    intervals: list[IntervalView]


class OverridePage(Answer):
    """The dates that differ, in order. They always come whole."""

    items: list[OverrideView]
    next_cursor: Annotated[str | None, Field(examples=[None])]


class OverrideAnswer(OverrideView):
    """The date as it is now, and the booked sessions that do not fit."""

    misfits: MisfitReport
