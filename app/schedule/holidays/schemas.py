"""Shapes of holidays on the wire."""

import datetime as dt
from typing import Annotated

from pydantic import ConfigDict, Field

from app.schedule.holidays.records import Holiday
from app.schedule.hours.schemas import MisfitReport
from app.web.types import Day, Name, RequestBody
from app.web.views import Answer

MAX_HOLIDAYS = 500


class HolidayBody(RequestBody):
    """A date on which the whole practice is closed."""

    date: Annotated[Day, Field(description="The local date of each practitioner.")]
    name: Annotated[Name | None, Field(description="What staff call it.")] = None


class HolidaysRequest(RequestBody):
    """All holidays. A date that is not in the list is none."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"dates": [{"date": "2026-12-25", "name": "Christmas Day"}]},
                {"dates": []},
            ]
        }
    )
    dates: Annotated[
        list[HolidayBody],
        Field(
            max_length=MAX_HOLIDAYS,
            description="In any order, each date once. An empty list: no holidays.",
        ),
    ]

    def holidays(self) -> list[Holiday]:
        """List the holidays as the command takes them."""
        return [Holiday(item.date, item.name) for item in self.dates]


class HolidayView(Answer):
    """A date on which the whole practice is closed."""

    date: dt.date
    name: Annotated[str | None, Field(examples=["Christmas Day"])]


class HolidaysView(Answer):
    """All holidays, by date. They always come whole."""

    dates: list[HolidayView]


class HolidaysAnswer(HolidaysView):
    """The holidays as they are now, and the booked sessions that do not fit, of everybody."""

    misfits: MisfitReport
