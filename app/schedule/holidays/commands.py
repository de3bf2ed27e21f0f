"""Change a practice's holidays. Booked sessions do not change; misfits are reported."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Staff
from app.schedule.holidays.records import Holiday
from app.schedule.holidays.repository import lock_all_practitioners, read_holidays, replace_holidays
from app.schedule.hours.misfits import Misfits, read_misfits_of_practice


@dataclass(frozen=True, slots=True)
class NewHolidays:
    """The new holidays, and the booked sessions of all practitioners that do not fit."""

    holidays: list[Holiday]
    misfits: Misfits


async def set_holidays(
    db: AsyncConnection, staff: Staff, holidays: Sequence[Holiday], *, now: datetime
) -> NewHolidays:
    """Replace all holidays of the practice. Repeating the call changes nothing.

    Raises:
        InvalidInputError: a date is in the list twice.
    """
    _check_dates([holiday.date for holiday in holidays])
    await lock_all_practitioners(db, staff.practice_id)
    wanted = sorted(holidays)
    before = await read_holidays(db, staff.practice_id)
    if wanted != before:
        await replace_holidays(db, staff.practice_id, wanted)
        await write_change(
            db,
            staff.practice_id,
            staff.actor,
            now,
            subject="holidays",
            subject_id=staff.practice_id,
            kind="updated",
            details={"dates": len(wanted), "before": len(before)},
        )
    return NewHolidays(wanted, await read_misfits_of_practice(db, staff.practice_id, now))


def _check_dates(dates: Sequence[date]) -> None:
    seen: set[date] = set()
    for number, day in enumerate(dates):
        if day in seen:
            raise InvalidInputError(f"/dates/{number}/date", "field.in-list-already")
        seen.add(day)
