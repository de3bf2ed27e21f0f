"""Schemas of holidays."""

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field

from app.schedule.holidays.records import Holiday
from app.schedule.hours.schemas import MisfitReport
from app.web.json import Answer
from app.web.types import Day, Name, RequestBody

MAX_HOLIDAYS = 500
# A week without a working day would leave deadlines nothing to count.
MAX_CLOSED_WEEKDAYS = 6


class HolidayBody(RequestBody):
    """A date on which the whole practice is closed."""

    date: Annotated[Day, Field(description="The date in each practitioner's time zone.")]
    name: Annotated[Name | None, Field(description="The holiday's name, for staff.")] = None


class HolidaysRequest(RequestBody):
    """The complete list of holidays. It replaces the former list.

    `closed_weekdays` replaces the former weekdays too, if it is there.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "dates": [{"date": "2026-12-25", "name": "Christmas Day"}],
                    "closed_weekdays": [6, 7],
                },
                {"dates": []},
            ]
        }
    )
    dates: Annotated[
        list[HolidayBody],
        Field(
            max_length=MAX_HOLIDAYS,
            description="In any order, each date once. An empty list means no holidays.",
        ),
    ]
    closed_weekdays: Annotated[
        list[Annotated[int, Field(strict=True, ge=1, le=7)]] | None,
        Field(
            max_length=MAX_CLOSED_WEEKDAYS,
            description="ISO weekdays on which the practice does not work: 1 is Monday, 7 Sunday. "
            "In any order, each once. Absent or null: as they are; at first none.",
        ),
    ] = None

    def holidays(self) -> list[Holiday]:
        """Return the holidays as records."""
        return [Holiday(item.date, item.name) for item in self.dates]


class HolidayView(Answer):
    """A date on which the whole practice is closed."""

    date: dt.date
    name: Annotated[str | None, Field(examples=["Christmas Day"])]


class HolidaysView(Answer):
    """All holidays by date, and the closed weekdays in order."""

    dates: list[HolidayView]
    closed_weekdays: Annotated[
        list[int],
        Field(
            description="ISO weekdays on which the practice does not work: 1 is Monday, 7 Sunday.",
            examples=[[6, 7]],
        ),
    ]


class HolidaysAnswer(HolidaysView):
    """The new holidays, and the booked sessions of all practitioners that do not fit."""

    misfits: MisfitReport
