"""`/v1/practice/practitioners/{practitioner_id}/…`: working hours, overrides and misfits."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.schedule.hours import commands
from app.schedule.hours.misfits import read_misfits
from app.schedule.hours.presenter import (
    present_misfits,
    present_new_date,
    present_new_week,
    present_overrides,
    present_week,
)
from app.schedule.hours.queries import read_overrides, read_working_hours
from app.schedule.hours.schemas import (
    MisfitReport,
    OverrideAnswer,
    OverridePage,
    OverrideRequest,
    OverridesQuery,
    WorkingHoursAnswer,
    WorkingHoursPage,
    WorkingHoursRequest,
)
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import answered, done, json_answer
from app.web.types import Day, PractitionerId

router = APIRouter(prefix="/v1/practice/practitioners/{practitioner_id}", tags=["Practice: hours"])

READ_PROBLEMS = (*READING_BY_STAFF, "not-found")
WRITE_PROBLEMS = (*WRITING_BY_STAFF, "not-found")
OverriddenDate = Annotated[Day, Path(description="The date in the practitioner's time zone.")]


@router.get(
    "/working-hours",
    summary="Show weekly hours",
    response_model=WorkingHoursPage,
    responses=responses(*READ_PROBLEMS),
)
async def get_working_hours(
    practitioner_id: PractitionerId, staff: StaffReader, db: Reading
) -> Response:
    """Show the weekly hours, starting on Monday, in local times of the practitioner's zone."""
    return json_answer(present_week(await read_working_hours(db, staff, practitioner_id)))


@router.put(
    "/working-hours",
    summary="Replace weekly hours",
    response_model=WorkingHoursAnswer,
    responses=responses(*WRITE_PROBLEMS),
)
async def replace_working_hours(
    practitioner_id: PractitionerId,
    body: WorkingHoursRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Replace all weekly hours with this list.

    An interval may be for one format, and for one location if it is in person; otherwise it applies
    to all. Intervals may overlap or touch. Hours over midnight are two intervals: `22:00` to
    `24:00`, and `00:00` to `02:00` of the next day.

    Booked sessions do not change. `misfits` lists the future sessions that are not within hours of
    their format and location, or that overlap time off or busy times of other calendars.
    """
    return await write(
        lambda db: commands.set_working_hours(
            db, staff, practitioner_id, week=body.hours(), now=now
        ),
        lambda found: answered(present_new_week(found)),
    )


@router.get(
    "/hours-overrides",
    summary="List dates with their own hours",
    response_model=OverridePage,
    responses=responses(*READ_PROBLEMS),
)
async def list_hours_overrides(
    practitioner_id: PractitionerId,
    query: Annotated[OverridesQuery, Query()],
    staff: StaffReader,
    now: Now,
    db: Reading,
) -> Response:
    """List the dates whose hours replace the weekly ones. A closed date has no intervals."""
    found = await read_overrides(db, staff, practitioner_id, query.first, query.last, now=now)
    return json_answer(present_overrides(found))


@router.put(
    "/hours-overrides/{day}",
    summary="Set the hours of a date",
    response_model=OverrideAnswer,
    responses=responses(*WRITE_PROBLEMS),
)
async def replace_hours_override(
    practitioner_id: PractitionerId,
    day: OverriddenDate,
    body: OverrideRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Set the hours of one local date. They replace the weekly hours; an empty list closes it.

    Booked sessions do not change. `misfits` lists the future sessions that do not fit.
    """
    return await write(
        lambda db: commands.set_override(
            db,
            staff,
            practitioner_id,
            day=day,
            intervals=body.hours(),
            now=now,
        ),
        lambda found: answered(present_new_date(found)),
    )


@router.delete(
    "/hours-overrides/{day}",
    summary="Remove the hours of a date",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
)
async def delete_hours_override(
    practitioner_id: PractitionerId,
    day: OverriddenDate,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Remove the hours of a date, so that the weekly hours apply. Repeating changes nothing."""
    return await write(
        lambda db: commands.clear_override(db, staff, practitioner_id, day=day, now=now),
        done,
    )


@router.get(
    "/misfits",
    summary="Report sessions that do not fit",
    response_model=MisfitReport,
    responses=responses(*READ_PROBLEMS),
)
async def get_misfits(
    practitioner_id: PractitionerId, staff: StaffReader, now: Now, db: Reading
) -> Response:
    """List the future booked sessions that do not fit the practitioner's current hours.

    A session fits if it is entirely within working hours of its format and location, and overlaps
    neither time off nor busy times of other calendars. A change of hours never changes a booked
    session: reschedule it, cancel it, or keep it as an exception.
    """
    found = await read_misfits(db, staff.practice_id, practitioner_id, now)
    return json_answer(present_misfits(found))
