"""Change a practitioner's hours. Booked sessions do not change; misfits are reported.

Source: product.md section 10, "Order of a command" and "Time off, new hours, a new zone".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.availability import HoursInterval
from app.domain.errors import InvalidInputError
from app.identity.api_keys.keys import Staff
from app.schedule.hours.misfits import Misfits, read_misfits
from app.schedule.hours.records import DayHours, in_order
from app.schedule.hours.repository import HoursRepository


@dataclass(frozen=True, slots=True)
class NewWeek:
    """The new weekly hours, and the booked sessions that do not fit."""

    week: list[DayHours]
    misfits: Misfits


@dataclass(frozen=True, slots=True)
class NewDate:
    """The new hours of a date, and the booked sessions that do not fit."""

    day: date
    intervals: list[HoursInterval]
    misfits: Misfits


async def set_working_hours(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    week: Sequence[DayHours],
    *,
    now: datetime,
) -> NewWeek:
    """Replace all weekly hours. Repeating the call changes nothing.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: a location does not belong to the practice.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    await hours.lock()
    await _check_locations(hours, "items", [item.interval for item in week])
    wanted = sorted(set(week), key=lambda item: (item.weekday, in_order(item.interval)))
    before = await hours.weekly()
    if wanted != before:
        await hours.replace_weekly(wanted)
        await write_change(
            db,
            staff.practice_id,
            staff.actor,
            now,
            subject="working_hours",
            subject_id=practitioner_id,
            kind="updated",
            details={"intervals": len(wanted), "before": len(before)},
        )
    return NewWeek(wanted, await read_misfits(db, staff.practice_id, practitioner_id, now))


async def set_override(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    day: date,
    intervals: Sequence[HoursInterval],
    *,
    now: datetime,
) -> NewDate:
    """Set the hours of one local date. Without intervals the date is closed.

    Repeating the call changes nothing.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: a location does not belong to the practice.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    await hours.lock()
    await _check_locations(hours, "intervals", intervals)
    wanted = sorted(set(intervals), key=in_order)
    before = (await hours.overrides(day, day)).get(day)
    if wanted != before:
        await hours.replace_override(day, wanted)
        kind = "created" if before is None else "updated"
        await _record_override(db, staff, practitioner_id, day, kind, now, intervals=len(wanted))
    misfits = await read_misfits(db, staff.practice_id, practitioner_id, now)
    return NewDate(day, wanted, misfits)


async def clear_override(
    db: AsyncConnection, staff: Staff, practitioner_id: UUID, day: date, *, now: datetime
) -> None:
    """Remove the override of a date, so that the weekly hours apply. Repeating changes nothing.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    hours = HoursRepository(db, staff.practice_id, practitioner_id)
    await hours.lock()
    if day in await hours.overrides(day, day):
        await hours.replace_override(day, None)
        await _record_override(db, staff, practitioner_id, day, "deleted", now)


async def _check_locations(
    hours: HoursRepository, field: str, intervals: Sequence[HoursInterval]
) -> None:
    wanted = {interval.location_id for interval in intervals if interval.location_id is not None}
    unknown = wanted - await hours.own_locations(wanted) if wanted else set()
    for number, interval in enumerate(intervals):
        if interval.location_id in unknown:
            raise InvalidInputError(
                f"/{field}/{number}/location_id", "field.not-location-of-practice"
            )


async def _record_override(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    day: date,
    kind: str,
    now: datetime,
    **details: int,
) -> None:
    await write_change(
        db,
        staff.practice_id,
        staff.actor,
        now,
        subject="hours_override",
        subject_id=practitioner_id,
        kind=kind,
        details={"date": day.isoformat(), **details},
    )
