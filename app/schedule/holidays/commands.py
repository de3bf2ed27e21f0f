"""Change a practice's holidays and closed weekdays.

Booked sessions and their deadlines do not change; misfits are reported.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Staff
from app.schedule.holidays.records import ClosedTimes, Holiday
from app.schedule.holidays.repository import (
    lock_all_practitioners,
    read_closed_times,
    replace_closed_weekdays,
    replace_holidays,
)
from app.schedule.hours.misfits import Misfits, read_misfits_of_practice


@dataclass(frozen=True, slots=True)
class NewHolidays:
    """The new closed times, and the booked sessions of all practitioners that do not fit."""

    closed: ClosedTimes
    misfits: Misfits


async def set_holidays(
    db: AsyncConnection,
    staff: Staff,
    holidays: Sequence[Holiday],
    closed_weekdays: Sequence[int] | None,
    *,
    now: datetime,
) -> NewHolidays:
    """Replace all holidays of the practice, and its closed weekdays unless these are None.

    Repeating the call changes nothing.

    Raises:
        InvalidInputError: a date or a weekday is in its list twice.
    """
    _check_once([holiday.date for holiday in holidays], "/dates/{}/date")
    _check_once(closed_weekdays or (), "/closed_weekdays/{}")
    await lock_all_practitioners(db, staff.practice_id)
    before = await read_closed_times(db, staff.practice_id)
    weekdays = before.weekdays if closed_weekdays is None else sorted(closed_weekdays)
    wanted = ClosedTimes(sorted(holidays), weekdays)
    if wanted != before:
        await replace_holidays(db, staff.practice_id, wanted.holidays)
        await replace_closed_weekdays(db, staff.practice_id, weekdays)
        await write_change(
            db,
            staff.practice_id,
            staff.actor,
            now,
            subject="holidays",
            subject_id=staff.practice_id,
            kind="updated",
            details={
                "dates": len(wanted.holidays),
                "before": len(before.holidays),
                "closed_weekdays": weekdays,
                "closed_weekdays_before": before.weekdays,
            }
            | _freed(before, wanted),
        )
    return NewHolidays(wanted, await read_misfits_of_practice(db, staff.practice_id, now))


def _freed(before: ClosedTimes, after: ClosedTimes) -> dict[str, Any]:
    """Give what the entry says of dates and weekdays that are not closed any more, if any."""
    dates = {one.date for one in before.holidays} - {one.date for one in after.holidays}
    weekdays = set(before.weekdays) - set(after.weekdays)
    if not dates and not weekdays:
        return {}
    freed = [day.isoformat() for day in sorted(dates)]
    return {"freed": freed, "freed_weekdays": sorted(weekdays)}


def _check_once(days: Sequence[Hashable], pointer: str) -> None:
    """Check that each day is in its list once. `pointer` has a place for the number."""
    seen: set[Hashable] = set()
    for number, day in enumerate(days):
        if day in seen:
            raise InvalidInputError(pointer.format(number), "field.in-list-already")
        seen.add(day)
