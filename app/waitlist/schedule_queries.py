"""Read what the times that a change of hours, holidays or busy times frees depend on."""

from collections.abc import Collection, Mapping
from datetime import date
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.tables.joins import PRACTICE, of_practice
from app.tables.practices import HoursOverride, Practitioner, Service
from app.tables.waitlist import Wish


class Waited(NamedTuple):
    """The active practitioners for whom somebody waits, with their zones.

    No service can be booked more than `horizon_days` ahead.
    """

    zones: Mapping[UUID, ZoneInfo]
    horizon_days: int


async def read_waited(db: AsyncConnection, practice_id: UUID) -> Waited:
    """Read for whom somebody waits who takes times, not seats."""
    waits = exists().where(
        of_practice(
            PRACTICE,
            Wish,
            Wish.practitioner_id == Practitioner.id,
            Wish.ended_at.is_(None),
            Wish.group_id.is_(None),
        )
    )
    found = await db.execute(
        select(
            Practitioner.id,
            Practitioner.time_zone,
            select(func.max(Service.horizon_days))
            .where(of_practice(PRACTICE, Service))
            .scalar_subquery()
            .label("horizon_days"),
        ).where(of_practice(PRACTICE, Practitioner, Practitioner.active, waits)),
        {"practice_id": practice_id},
    )
    rows = found.all()
    zones = {row.id: ZoneInfo(row.time_zone) for row in rows}
    return Waited(zones, max((row.horizon_days for row in rows), default=0))


async def overridden_dates(
    db: AsyncConnection,
    practice_id: UUID,
    practitioner_ids: Collection[UUID],
    first: date,
    last: date,
) -> set[tuple[UUID, date]]:
    """Find the dates on which neither weekly hours nor holidays apply, by practitioner."""
    found = await db.execute(
        select(HoursOverride.practitioner_id, HoursOverride.date).where(
            of_practice(
                practice_id,
                HoursOverride,
                HoursOverride.practitioner_id.in_(practitioner_ids),
                HoursOverride.date.between(first, last),
            )
        )
    )
    return {(row.practitioner_id, row.date) for row in found}
