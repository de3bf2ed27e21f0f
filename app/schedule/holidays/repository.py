"""Statements on a practice's holidays. Nothing here commits."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.schedule.holidays.records import Holiday
from app.tables.practices import Holiday as HolidayTable
from app.tables.practices import Practice, Practitioner


async def read_holidays(db: AsyncConnection, practice_id: UUID) -> list[Holiday]:
    """List the practice's holidays by date."""
    rows = await db.execute(
        select(HolidayTable.date, HolidayTable.name)
        .where(HolidayTable.practice_id == practice_id)
        .order_by(HolidayTable.date)
    )
    return [Holiday(row.date, row.name) for row in rows.all()]


async def replace_holidays(
    db: AsyncConnection, practice_id: UUID, holidays: Sequence[Holiday]
) -> None:
    """Replace all holidays of the practice."""
    await db.execute(delete(HolidayTable).where(HolidayTable.practice_id == practice_id))
    rows = [{"practice_id": practice_id, **holiday._asdict()} for holiday in holidays]
    if rows:
        await db.execute(insert(HolidayTable), rows)


async def lock_all_practitioners(db: AsyncConnection, practice_id: UUID) -> None:
    """Lock the practice, then each of its practitioners in the order of their ids.

    Booking and rescheduling a session lock its practitioner, so they cannot read holidays that are
    being changed.
    """
    own = Practice.practice_id == practice_id
    await db.execute(select(Practice.practice_id).where(own).with_for_update(key_share=True))
    await db.execute(
        select(Practitioner.id)
        .where(Practitioner.practice_id == practice_id)
        .order_by(Practitioner.id)
        .with_for_update(key_share=True)
    )
