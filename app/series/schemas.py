"""Request and response schemas of series."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator
from typing_extensions import TypedDict

from app.domain.series import LARGEST_SERIES, Every
from app.domain.session import Format
from app.series.commands import SeriesOrder
from app.sessions.commands.booking import Booking
from app.sessions.staff_api.schemas import BOOKING_EXAMPLE, BookingTerms, PracticeSessionSummary
from app.texts.errors import InvalidValueError
from app.web.types import Id, Instant, RequestBody
from app.web.views import CommandId, ConflictView


class EveryField(RequestBody):
    """The distance between two dates: exactly one of the fields."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"weeks": 1}]})
    days: Annotated[
        int | None, Field(strict=True, ge=1, le=365, description="Every so many days.")
    ] = None
    weeks: Annotated[
        int | None, Field(strict=True, ge=1, le=52, description="Every so many weeks.")
    ] = None
    months: Annotated[
        int | None,
        Field(
            strict=True,
            ge=1,
            le=12,
            description="The same day of the month; the last day where there is no such day.",
        ),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if len(self.model_dump(exclude_none=True)) != 1:
            raise InvalidValueError("field.one-distance")
        return self

    def value(self) -> Every:
        """Give the distance."""
        if self.days is not None:
            return Every(self.days, "days")
        if self.weeks is not None:
            return Every(self.weeks, "weeks")
        return Every(self.months or 1, "months")


class BookSeriesRequest(BookingTerms):
    """Book several sessions of a client at once, at regular dates. `start` is the first one."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [BOOKING_EXAMPLE | {"every": {"weeks": 1}, "count": 10}]}
    )
    practitioner_id: Id
    service_id: Id
    start: Annotated[Instant, Field(description="The first start, with a UTC offset.")]
    format: Format
    every: EveryField
    count: Annotated[
        int | None,
        Field(strict=True, ge=1, le=LARGEST_SERIES, description="The number of dates."),
    ] = None
    until: Instant | None = Field(
        default=None,
        description="The last date starts at this instant or before. At most 100 dates.",
    )
    skip_conflicts: bool = Field(
        default=False,
        strict=True,
        description="Leave out the dates that are not free. The answer lists them.",
    )
    preview: bool = Field(
        default=False,
        strict=True,
        description="Book nothing; the answer lists the dates and the conflicts.",
    )

    group_id: None = Field(default=None, description="A series has no seats of groups.")

    @model_validator(mode="after")
    def _end(self) -> Self:
        if (self.count is None) == (self.until is None):
            member = "count" if self.until is None else "until"
            raise InvalidValueError("field.count-or-until", member=member)
        return self

    def order(self) -> SeriesOrder:
        """Give the series to book."""
        booking = Booking(
            self.client_id,
            self.practitioner_id,
            self.service_id,
            self.start,
            self.format,
            location_id=self.location_id,
            package_id=self.package_id,
            price=self.own_price,
            duration_minutes=self.duration_minutes,
        )
        return SeriesOrder(
            booking,
            self.every.value(),
            self.count,
            self.until,
            skip_conflicts=self.skip_conflicts,
            force=self.force,
            notify=self.notify,
        )


class SeriesView(TypedDict):
    """A series with all its sessions, also those that are cancelled, by position."""

    id: UUID
    client_id: UUID
    time_zone: Annotated[
        str, Field(description="The zone in which the local time of the dates stays the same.")
    ]
    created_at: datetime
    sessions: list[PracticeSessionSummary]


class SeriesDateView(TypedDict):
    """A date of a series. `session_id` is null in a preview."""

    session_id: UUID | None
    starts_at: datetime
    ends_at: datetime


class SeriesAnswer(TypedDict):
    """The booked series; null in a preview."""

    series: SeriesView | None
    dates: Annotated[
        list[SeriesDateView], Field(description="The dates that are booked, or would be.")
    ]
    conflicts: Annotated[
        list[ConflictView], Field(description="The dates that are not free, and are left out.")
    ]
    command_id: CommandId
