"""Change a practitioner's hours. Booked sessions do not change; misfits are reported.

Source: product.md section 10, "Order of a command" and "Time off, new hours, a new zone".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.availability import HoursInterval
from app.domain.errors import InvalidInputError
from app.domain.freed import longer_hours
from app.domain.intervals import Interval
from app.identity.api_keys.keys import Staff
from app.schedule.hours.misfits import Misfits, read_misfits
from app.schedule.hours.records import DayHours, clock_of, in_order
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
            details={"intervals": len(wanted), "before": len(before)}
            | _freed(_longer_week(before, wanted)),
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
        former = await _usual(hours, day) if before is None else before
        await hours.replace_override(day, wanted)
        kind = "created" if before is None else "updated"
        freed = _freed(_longer_day(former, wanted))
        await _record_override(
            db, staff, practitioner_id, day, kind, now, intervals=len(wanted), **freed
        )
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
    before = (await hours.overrides(day, day)).get(day)
    if before is not None:
        await hours.replace_override(day, None)
        freed = _freed(_longer_day(before, await _usual(hours, day)))
        await _record_override(db, staff, practitioner_id, day, "deleted", now, **freed)


async def _usual(hours: HoursRepository, day: date) -> list[HoursInterval]:
    """Read the hours of a date without its override: none where the practice is closed."""
    if await hours.is_closed(day):
        return []
    return [of.interval for of in await hours.weekly() if of.weekday == day.isoweekday()]


def _longer_week(before: Sequence[DayHours], after: Sequence[DayHours]) -> list[dict[str, Any]]:
    return [
        {"weekday": weekday, **part}
        for weekday in range(1, 8)
        for part in _longer_day(
            [of.interval for of in before if of.weekday == weekday],
            [of.interval for of in after if of.weekday == weekday],
        )
    ]


def _longer_day(
    before: Sequence[HoursInterval], after: Sequence[HoursInterval]
) -> list[dict[str, Any]]:
    return [_clock(minutes) for minutes in longer_hours(before, after)]


def _clock(minutes: Interval) -> dict[str, Any]:
    return {"from": clock_of(minutes.start), "to": clock_of(minutes.end)}


def _freed(times: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Give what an entry says of working time that is new; nothing if there is none."""
    return {"freed": times} if times else {}


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
    **details: Any,  # noqa: ANN401 - JSON
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
