"""Statements on one practitioner's hours. Nothing here commits."""

from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.calendar.locks import lock_practitioner
from app.directory.practice.queries import closed_days_of
from app.domain.availability import HoursInterval
from app.domain.errors import NotFoundError
from app.domain.session import Format
from app.schedule.hours.records import DayHours, in_order
from app.tables.practices import (
    HoursOverride,
    Location,
    Practitioner,
    WorkingHours,
)


class HoursRepository:
    """The hours of one practitioner of one practice."""

    def __init__(self, db: AsyncConnection, practice_id: UUID, practitioner_id: UUID) -> None:
        self._db = db
        self._practice_id = practice_id
        self._practitioner_id = practitioner_id

    async def lock(self) -> None:
        """Lock the practitioner's time (product.md section 10, "Order of a command").

        Raises:
            NotFoundError: the practice has no such practitioner.
        """
        await lock_practitioner(self._db, self._practice_id, self._practitioner_id)

    async def zone(self) -> str:
        """Return the IANA name of the practitioner's time zone.

        Raises:
            NotFoundError: the practice has no such practitioner.
        """
        found = await self._db.scalar(
            select(Practitioner.time_zone).where(
                Practitioner.practice_id == self._practice_id,
                Practitioner.id == self._practitioner_id,
            )
        )
        if found is None:
            raise NotFoundError
        return found

    async def weekly(self) -> list[DayHours]:
        """List the weekly hours, starting on Monday."""
        table = WorkingHours
        rows = await self._db.execute(
            select(
                table.weekday,
                table.start_minute,
                table.end_minute,
                table.format,
                table.location_id,
            ).where(*self._own(table))
        )
        found = [DayHours(row.weekday, _interval(row)) for row in rows.all()]
        return sorted(found, key=lambda hours: (hours.weekday, in_order(hours.interval)))

    async def replace_weekly(self, week: Sequence[DayHours]) -> None:
        """Replace all weekly hours."""
        await self._db.execute(delete(WorkingHours).where(*self._own(WorkingHours)))
        rows = [self._row(hours.interval, weekday=hours.weekday) for hours in week]
        if rows:
            await self._db.execute(insert(WorkingHours), rows)

    async def overrides(self, first: date, last: date) -> dict[date, list[HoursInterval]]:
        """List the overridden dates in order. A closed date has no intervals."""
        table = HoursOverride
        rows = await self._db.execute(
            select(
                table.date,
                table.start_minute,
                table.end_minute,
                table.format,
                table.location_id,
            )
            .where(*self._own(table), table.date.between(first, last))
            .order_by(table.date)
        )
        found: dict[date, list[HoursInterval]] = {}
        for row in rows.all():
            intervals = found.setdefault(row.date, [])
            if row.start_minute is not None:
                intervals.append(_interval(row))
        return {day: sorted(intervals, key=in_order) for day, intervals in found.items()}

    async def replace_override(self, day: date, intervals: Sequence[HoursInterval] | None) -> None:
        """Replace the override of a date. An empty list closes the date; None removes it."""
        table = HoursOverride
        await self._db.execute(delete(table).where(*self._own(table), table.date == day))
        if intervals is not None:
            rows = [self._row(interval, date=day) for interval in intervals]
            await self._db.execute(insert(table), rows or [self._closed(day)])

    async def is_closed(self, day: date) -> bool:
        """Tell whether the practice is closed on a date, unless an override opens it."""
        closed = await closed_days_of(self._db, self._practice_id)
        return not closed.is_working_day(day)

    async def own_locations(self, wanted: set[UUID]) -> set[UUID]:
        """Return those of the locations that belong to the practice."""
        found = await self._db.scalars(
            select(Location.id).where(
                Location.practice_id == self._practice_id, Location.id.in_(wanted)
            )
        )
        return set(found)

    def _own(self, table: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a table with a practitioner
        return (
            table.practice_id == self._practice_id,
            table.practitioner_id == self._practitioner_id,
        )

    def _row(self, interval: HoursInterval, **values: object) -> dict[str, object]:
        return {
            "practice_id": self._practice_id,
            "id": uuid4(),
            "practitioner_id": self._practitioner_id,
            **interval._asdict(),
            **values,
        }

    def _closed(self, day: date) -> dict[str, object]:
        return self._row(HoursInterval(0, 0), date=day, start_minute=None, end_minute=None)


def _interval(row: Any) -> HoursInterval:  # noqa: ANN401 - a row of either table
    format_ = None if row.format is None else Format(row.format)
    return HoursInterval(row.start_minute, row.end_minute, format_, row.location_id)
