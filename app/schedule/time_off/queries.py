"""Queries on time off and busy times, in pages."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from app.database.lists import Part
from app.domain.errors import NotFoundError
from app.domain.zones import start_of_day
from app.identity.api_keys.keys import Staff
from app.schedule.hours.repository import HoursRepository
from app.schedule.time_off.records import Absence, BusyTime, Following, Found, Window
from app.schedule.time_off.repository import BusyRepository
from app.web.days import check_days


async def read_time_off_by_ref(
    db: AsyncConnection, staff: Staff, practitioner_id: UUID, external_ref: str
) -> Absence:
    """Read the time off with this `external_ref`.

    Raises:
        NotFoundError: the practice has no such practitioner, or the practitioner no such time off.
    """
    found = await BusyRepository(db, staff.practice_id, practitioner_id).absence_by_ref(
        external_ref
    )
    if found is None or found.practitioner_id != practitioner_id:
        raise NotFoundError
    return found


async def list_absences(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    part: Part[Following],
    *,
    now: datetime,
) -> Found[Absence]:
    """List the time off that overlaps the requested dates, soonest first.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: the last date is before the first.
    """
    window = await _window(db, staff, practitioner_id, part, now)
    busy = BusyRepository(db, staff.practice_id, practitioner_id)
    return Found(window, await busy.absences(window, part))


async def list_busy_times(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    part: Part[Following],
    *,
    now: datetime,
) -> Found[BusyTime]:
    """List the busy times of other calendars that overlap the requested dates, soonest first.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: the last date is before the first.
    """
    window = await _window(db, staff, practitioner_id, part, now)
    busy = BusyRepository(db, staff.practice_id, practitioner_id)
    return Found(window, await busy.busy_times(window, part))


async def _window(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    part: Part[Following],
    now: datetime,
) -> Window:
    """Convert the requested local dates, by default from today on, to a window of instants.

    Later pages use the window of the first page, which is in the cursor.
    """
    if part.after is not None:
        return Window(part.after.since, part.after.until)
    zone = ZoneInfo(await HoursRepository(db, staff.practice_id, practitioner_id).zone())
    first = part.filters.get("first") or now.astimezone(zone).date()
    last = part.filters.get("last")
    if last is not None:
        check_days(first, last)
    until = None if last is None else start_of_day(last + timedelta(days=1), zone)
    return Window(start_of_day(first, zone), until)
