"""Statements on a practice's holidays and closed weekdays. Nothing here commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from app.directory.practice.repository import lock_practice
from app.schedule.holidays.records import ClosedTimes, Holiday
from app.tables.practices import Holiday as HolidayTable
from app.tables.practices import Practice, Practitioner


async def read_closed_times(db: AsyncConnection, practice_id: UUID) -> ClosedTimes:
    """Read the practice's holidays by date, and its closed weekdays."""
    rows = await db.execute(
        select(HolidayTable.date, HolidayTable.name)
        .where(HolidayTable.practice_id == practice_id)
        .order_by(HolidayTable.date)
    )
    holidays = [Holiday(row.date, row.name) for row in rows.all()]
    weekdays = await db.scalar(
        select(Practice.closed_weekdays).where(Practice.practice_id == practice_id)
    )
    return ClosedTimes(holidays, list(weekdays or ()))


async def replace_holidays(
    db: AsyncConnection, practice_id: UUID, holidays: Sequence[Holiday]
) -> None:
    """Replace all holidays of the practice."""
    await db.execute(delete(HolidayTable).where(HolidayTable.practice_id == practice_id))
    rows = [{"practice_id": practice_id, **holiday._asdict()} for holiday in holidays]
    if rows:
        await db.execute(insert(HolidayTable), rows)


async def replace_closed_weekdays(
    db: AsyncConnection, practice_id: UUID, weekdays: Sequence[int]
) -> None:
    """Replace the closed weekdays of the practice."""
    own = Practice.practice_id == practice_id
    await db.execute(update(Practice).where(own).values(closed_weekdays=list(weekdays)))


async def lock_all_practitioners(db: AsyncConnection, practice_id: UUID) -> None:
    """Lock the practice, then each of its practitioners in the order of their ids.

    Booking and rescheduling a session lock its practitioner, so they cannot read holidays that are
    being changed.
    """
    await lock_practice(db, practice_id)
    await db.execute(
        select(Practitioner.id)
        .where(Practitioner.practice_id == practice_id)
        .order_by(Practitioner.id)
        .with_for_update(key_share=True)
    )
