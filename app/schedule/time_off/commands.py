"""Change time off and busy times. Booked sessions do not change; misfits are reported.

Source: product.md section 10, "Order of a command" and "Time off, new hours, a new zone".
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.audit.write import write_change
from app.domain.errors import InvalidInputError, RefTakenError
from app.domain.freed import freed_of_busy
from app.domain.intervals import Interval, merge
from app.domain.zones import EPOCH
from app.identity.api_keys.keys import Staff
from app.schedule.hours.misfits import read_misfits
from app.schedule.hours.repository import HoursRepository
from app.schedule.time_off.records import MAX_TIME_OFF, Absence, NewAbsence, NewBusyTimes
from app.schedule.time_off.repository import BusyRepository

_MICROSECOND = timedelta(microseconds=1)


async def add_time_off(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    external_ref: str | None,
    *,
    now: datetime,
) -> NewAbsence:
    """Add time off of a practitioner. Booked sessions that it overlaps are reported.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: it does not end after its start, is longer than two years, or its
            reference is taken.
    """
    _check_length(starts_at, ends_at)
    busy = await _locked(db, staff, practitioner_id)
    await _check_ref(busy, external_ref, None)
    absence = await busy.add_absence(starts_at, ends_at, external_ref)
    return await _written(db, staff, absence, "created", now)


async def change_time_off(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    absence_id: UUID,
    wanted: dict[str, Any],
    *,
    now: datetime,
) -> NewAbsence:
    """Change the fields of time off that `wanted` names. Repeating the call changes nothing.

    Raises:
        NotFoundError: the practice has no such practitioner, or the practitioner no such time off.
        InvalidInputError: it would not end after its start, would be longer than two years, or its
            reference is taken.
    """
    busy = await _locked(db, staff, practitioner_id)
    before = await busy.absence(absence_id)
    after = replace(before, **wanted)
    _check_length(after.starts_at, after.ends_at)
    await _check_ref(busy, after.external_ref, absence_id)
    return await _changed(db, staff, busy, before, after, now)


async def put_time_off(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    external_ref: str,
    starts_at: datetime,
    ends_at: datetime,
    *,
    now: datetime,
) -> NewAbsence:
    """Create or change the time off with this reference. Repeating the call changes nothing.

    Raises:
        NotFoundError: the practice has no such practitioner.
        InvalidInputError: it does not end after its start, is longer than two years, or belongs to
            another practitioner.
    """
    _check_length(starts_at, ends_at)
    busy = await _locked(db, staff, practitioner_id)
    before = await busy.absence_by_ref(external_ref)
    if before is None:
        absence = await busy.add_absence(starts_at, ends_at, external_ref)
        return await _written(db, staff, absence, "created", now)
    if before.practitioner_id != practitioner_id:
        raise RefTakenError("field.ref-taken.time-off-elsewhere", before.id, where="path")
    after = replace(before, starts_at=starts_at, ends_at=ends_at)
    return await _changed(db, staff, busy, before, after, now)


async def delete_time_off(
    db: AsyncConnection, staff: Staff, practitioner_id: UUID, absence_id: UUID, *, now: datetime
) -> None:
    """Delete time off.

    Raises:
        NotFoundError: the practice has no such practitioner, or the practitioner no such time off.
    """
    busy = await _locked(db, staff, practitioner_id)
    absence = await busy.absence(absence_id)
    await busy.remove_absence(absence_id)
    await _record(db, staff, absence, "deleted", now)


async def replace_busy_times(
    db: AsyncConnection,
    staff: Staff,
    practitioner_id: UUID,
    source: str,
    times: Sequence[tuple[datetime, datetime]],
    *,
    now: datetime,
) -> NewBusyTimes:
    """Replace all busy times of one source. Repeating the call changes nothing.

    Intervals that overlap or touch are joined. Intervals without length are dropped instead of
    refused, so that one such entry does not block a whole calendar.

    Raises:
        NotFoundError: the practice has no such practitioner.
    """
    busy = await _locked(db, staff, practitioner_id)
    taking = [(start, end) for start, end in times if start < end]
    wanted = _joined(taking)
    before = await busy.times_of(source)
    if wanted != before:
        await busy.replace_times(source, wanted)
        details: dict[str, Any] = {
            "source": source,
            "intervals": len(wanted),
            "before": len(before),
        }
        if freed := freed_of_busy(before, wanted, now):
            details["freed"] = [_instants(*time) for time in freed]
        await write_change(
            db,
            staff.practice_id,
            staff.actor,
            now,
            subject="busy_intervals",
            subject_id=practitioner_id,
            kind="updated",
            details=details,
        )
    misfits = await read_misfits(db, staff.practice_id, practitioner_id, now)
    return NewBusyTimes(source, len(wanted), len(times) - len(taking), misfits)


async def _locked(db: AsyncConnection, staff: Staff, practitioner_id: UUID) -> BusyRepository:
    await HoursRepository(db, staff.practice_id, practitioner_id).lock()
    return BusyRepository(db, staff.practice_id, practitioner_id)


def _check_length(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at <= starts_at:
        raise InvalidInputError("/ends_at", "field.after-starts-at")
    if ends_at - starts_at > MAX_TIME_OFF:
        raise InvalidInputError("/ends_at", "field.two-years")


async def _check_ref(
    busy: BusyRepository, external_ref: str | None, absence_id: UUID | None
) -> None:
    found = None if external_ref is None else await busy.absence_by_ref(external_ref)
    if found is not None and found.id != absence_id:
        raise RefTakenError("field.ref-taken.time-off", found.id)


async def _changed(
    db: AsyncConnection,
    staff: Staff,
    busy: BusyRepository,
    before: Absence,
    after: Absence,
    now: datetime,
) -> NewAbsence:
    if after == before:
        misfits = await read_misfits(db, staff.practice_id, after.practitioner_id, now)
        return NewAbsence(after, created=False, misfits=misfits)
    await busy.change_absence(after)
    return await _written(db, staff, after, "updated", now, before=before)


async def _written(
    db: AsyncConnection,
    staff: Staff,
    absence: Absence,
    kind: str,
    now: datetime,
    *,
    before: Absence | None = None,
) -> NewAbsence:
    await _record(db, staff, absence, kind, now, before=before)
    misfits = await read_misfits(db, staff.practice_id, absence.practitioner_id, now)
    return NewAbsence(absence, created=kind == "created", misfits=misfits)


async def _record(
    db: AsyncConnection,
    staff: Staff,
    absence: Absence,
    kind: str,
    now: datetime,
    *,
    before: Absence | None = None,
) -> None:
    details: dict[str, Any] = {
        "practitioner_id": str(absence.practitioner_id),
        **_times(absence),
    }
    if before is not None:
        details["before"] = _times(before)
    await write_change(
        db,
        staff.practice_id,
        staff.actor,
        now,
        subject="time_off",
        subject_id=absence.id,
        kind=kind,
        details=details,
    )


def _times(absence: Absence) -> dict[str, str]:
    return _instants(absence.starts_at, absence.ends_at)


def _instants(starts_at: datetime, ends_at: datetime) -> dict[str, str]:
    return {"starts_at": starts_at.isoformat(), "ends_at": ends_at.isoformat()}


def _joined(times: Sequence[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    whole = merge(
        Interval((start - EPOCH) // _MICROSECOND, (end - EPOCH) // _MICROSECOND)
        for start, end in times
    )
    return [(EPOCH + start * _MICROSECOND, EPOCH + end * _MICROSECOND) for start, end in whole]
