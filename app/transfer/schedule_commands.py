"""Import holidays, hours, time off and busy times."""

from typing import Any

from app.domain.errors import NotFoundError, RefTakenError
from app.schedule.holidays.commands import set_holidays
from app.schedule.holidays.repository import read_closed_times
from app.schedule.holidays.schemas import HolidaysRequest
from app.schedule.hours.commands import set_override, set_working_hours
from app.schedule.hours.repository import HoursRepository
from app.schedule.time_off.commands import change_time_off, put_time_off, replace_busy_times
from app.schedule.time_off.repository import BusyRepository
from app.transfer.batch import Batch
from app.transfer.lines import Done, LineKind, Outcome
from app.transfer.schemas import (
    BusyIntervalsLine,
    HoursOverrideLine,
    TimeOffLine,
    WorkingHoursLine,
)


async def import_holidays(batch: Batch, fields: dict[str, Any]) -> Done:
    """Replace the holidays, and the closed weekdays if the line has them.

    Raises:
        InvalidInputError: a date or a weekday is in its list twice.
    """
    line = HolidaysRequest.model_validate(fields)
    before = await read_closed_times(batch.db, batch.practice_id)
    new = await set_holidays(
        batch.db, batch.staff, line.holidays(), line.closed_weekdays, now=batch.now
    )
    return Done("unchanged" if new.closed == before else "updated")


async def import_working_hours(batch: Batch, fields: dict[str, Any]) -> Done:
    """Replace the weekly hours of a practitioner."""
    line = WorkingHoursLine.model_validate(await batch.with_ids(fields))
    person = line.practitioner_id
    before = await HoursRepository(batch.db, batch.practice_id, person).weekly()
    new = await set_working_hours(batch.db, batch.staff, person, line.hours(), now=batch.now)
    return Done("unchanged" if new.week == before else "updated", person)


async def import_override(batch: Batch, fields: dict[str, Any]) -> Done:
    """Set the hours of a practitioner on one date."""
    line = HoursOverrideLine.model_validate(await batch.with_ids(fields))
    person, day = line.practitioner_id, line.date
    hours = HoursRepository(batch.db, batch.practice_id, person)
    before = (await hours.overrides(day, day)).get(day)
    new = await set_override(batch.db, batch.staff, person, day, line.hours(), now=batch.now)
    if before is None:
        return Done("created", person)
    return Done("unchanged" if new.intervals == before else "updated", person)


async def import_time_off(batch: Batch, ref: str, fields: dict[str, Any]) -> Done:
    """Create the time off with this reference, or change its times.

    Raises:
        InvalidInputError: it does not end after its start, is longer than two years, or belongs to
            another practitioner.
    """
    line = TimeOffLine.model_validate(await batch.with_ids(fields))
    person, times = line.practitioner_id, {"starts_at": line.starts_at, "ends_at": line.ends_at}
    known = await batch.find(LineKind.TIME_OFF, ref)
    if known is None:
        made = await put_time_off(batch.db, batch.staff, person, ref, **times, now=batch.now)
        return Done("created", made.absence.id)
    try:
        before = await BusyRepository(batch.db, batch.practice_id, person).absence(known)
    except NotFoundError:
        raise RefTakenError("field.ref-taken.time-off-elsewhere", known) from None
    new = await change_time_off(batch.db, batch.staff, person, known, dict(times), now=batch.now)
    return Done("unchanged" if new.absence == before else "updated", known)


async def import_busy_intervals(batch: Batch, fields: dict[str, Any]) -> Done:
    """Replace the busy times of one other calendar of a practitioner."""
    line = BusyIntervalsLine.model_validate(await batch.with_ids(fields))
    busy = BusyRepository(batch.db, batch.practice_id, line.practitioner_id)
    before = await busy.times_of(line.source)
    await replace_busy_times(
        batch.db, batch.staff, line.practitioner_id, line.source, line.times(), now=batch.now
    )
    after = await busy.times_of(line.source)
    outcome: Outcome = "updated" if before else "created"
    if after == before:
        outcome = "unchanged"
    return Done(outcome, line.practitioner_id)
