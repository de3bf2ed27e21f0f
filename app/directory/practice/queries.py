"""Queries on the practice itself."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.policy.working_days import ClosedDays
from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import Holiday, Practice

_SHOWN = select(
    Practice.practice_id.label("id"),
    Practice.name,
    Practice.email,
    Practice.phone,
    Practice.currency,
    Practice.address,
    Practice.website,
    Practice.sender_name,
    Practice.accent,
    Practice.logo,
    Practice.welcome,
    Practice.footer,
    Practice.text_details,
)
# The dates of all holidays; null without any.
HOLIDAYS = (
    select(func.array_agg(Holiday.date)).where(of_practice(PRACTICE, Holiday)).scalar_subquery()
)
_CLOSED_DAYS = select(Practice.closed_weekdays, HOLIDAYS).where(of_practice(PRACTICE, Practice))


async def read_practice(db: AsyncConnection, practice_id: UUID) -> Mapping[str, Any]:
    """Read the practice, which must exist."""
    found = await db.execute(_SHOWN.where(Practice.practice_id == practice_id))
    return found.one()._asdict()


async def currency_of(db: AsyncConnection, practice_id: UUID) -> str:
    """Return the ISO 4217 code of the practice's currency."""
    found = select(Practice.currency).where(Practice.practice_id == practice_id)
    return str((await db.execute(found)).scalar_one())


async def closed_days_of(db: AsyncConnection, practice_id: UUID) -> ClosedDays:
    """Read on which days the whole practice is closed: its weekdays, and all its holidays."""
    weekdays, dates = (await db.execute(_CLOSED_DAYS, {"practice_id": practice_id})).one()
    return to_closed_days(weekdays, dates)


def to_closed_days(weekdays: Collection[int], dates: Collection[date] | None) -> ClosedDays:
    """Build the closed days of `Practice.closed_weekdays` and `HOLIDAYS`."""
    return ClosedDays(frozenset(weekdays), frozenset(dates or ()))
