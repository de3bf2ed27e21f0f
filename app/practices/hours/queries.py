"""Reading a practitioner's hours."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.auth.keys import Staff
from app.domain.availability import HoursInterval
from app.domain.errors import InvalidInputError
from app.practices.hours.records import MAX_OVERRIDE_DAYS, DayHours
from app.practices.hours.repository import HoursRepository


async def read_working_hours(
    db: AsyncConnection, staff: Staff, practitioner_id: UUID
) -> list[DayHours]:
    """List a practitioner's weekly hours, from Monday on.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    await hours.zone()
    return await hours.weekly()


async def read_overrides(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    first: date | None,
    last: date | None,
    *,
    now: datetime,
) -> dict[date, list[HoursInterval]]:
    """List the dates that differ from the week, by default a year from today on.

    Dates are the practitioner's, both inclusive.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: the range is the wrong way round or too long.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    zone = ZoneInfo(await hours.zone())
    first = first or now.astimezone(zone).date()
    last = last or first + timedelta(days=MAX_OVERRIDE_DAYS - 1)
    if last < first:
        raise InvalidInputError("/to", "field.before-first", where="query", first=first)
    if (last - first).days >= MAX_OVERRIDE_DAYS:
        raise InvalidInputError(
            "/to", "field.range-too-long", where="query", days=MAX_OVERRIDE_DAYS
        )
    return await hours.overrides(first, last)
