"""`/v1/practice/practitioners/{practitioner_id}/…`: time off and busy times."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.directory.fields import RefInPath
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.schedule.hours.router import READ_PROBLEMS, WRITE_PROBLEMS
from app.schedule.time_off import commands
from app.schedule.time_off.presenter import (
    answer_absence,
    present_absence,
    present_busy_time,
    present_source,
)
from app.schedule.time_off.queries import list_absences, list_busy_times, read_time_off_by_ref
from app.schedule.time_off.records import Following
from app.schedule.time_off.schemas import (
    BusyTimesAnswer,
    BusyTimesPage,
    BusyTimesQuery,
    BusyTimesRequest,
    ChangeTimeOff,
    NewTimeOff,
    PutTimeOff,
    Source,
    TimeOffAnswer,
    TimeOffPage,
    TimeOffQuery,
    TimeOffView,
)
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import responses
from app.web.responses import answered, done, json_answer
from app.web.types import PathId, PractitionerId

router = APIRouter(prefix="/v1/practice/practitioners/{practitioner_id}", tags=["Practice: hours"])

TimeOffId = Annotated[
    PathId,
    Path(description="The id of the time off. An id of another practitioner's gets a 404."),
]
SourceName = Annotated[
    Source,
    Path(description="A name that you choose for the other calendar. It may contain slashes."),
]


@router.get(
    "/time-off",
    summary="List time off",
    response_model=TimeOffPage,
    responses=responses(*READ_PROBLEMS),
)
async def list_time_off(
    practitioner_id: PractitionerId,
    query: Annotated[TimeOffQuery, Query()],
    staff: StaffReader,
    now: Now,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the time off that overlaps these dates, soonest first, in pages."""
    asked = PageRequest(cursors, query, Following, "time_off", staff.practice_id, practitioner_id)
    found = await list_absences(db, staff, practitioner_id, asked.part, now=now)
    page = asked.paginate(found.entries, found.position_of)
    return json_answer(TimeOffPage.of(page, present_absence))


@router.post(
    "/time-off",
    summary="Create time off",
    status_code=201,
    response_model=TimeOffAnswer,
    responses=responses(*WRITE_PROBLEMS),
)
async def create_time_off(
    practitioner_id: PractitionerId,
    body: NewTimeOff,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Create time off of a practitioner, at most two years long. No slots are offered during it.

    It may overlap booked sessions, which do not change. `misfits` lists the future sessions that no
    longer fit the practitioner's hours.
    """
    return await write(
        lambda db: commands.add_time_off(
            db,
            staff,
            practitioner_id,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            external_ref=body.external_ref,
            now=now,
        ),
        answer_absence,
    )


@router.patch(
    "/time-off/{time_off_id}",
    summary="Change time off",
    response_model=TimeOffAnswer,
    responses=responses(*WRITE_PROBLEMS),
)
async def update_time_off(
    practitioner_id: PractitionerId,
    time_off_id: TimeOffId,
    body: ChangeTimeOff,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Change the given fields. `misfits` lists the future sessions that do not fit."""
    return await write(
        lambda db: commands.change_time_off(
            db,
            staff,
            practitioner_id,
            absence_id=time_off_id,
            wanted=body.wanted(),
            now=now,
        ),
        answer_absence,
    )


@router.delete(
    "/time-off/{time_off_id}",
    summary="Delete time off",
    status_code=204,
    responses=responses(*WRITE_PROBLEMS),
)
async def delete_time_off(
    practitioner_id: PractitionerId,
    time_off_id: TimeOffId,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Delete time off. Its hours are offered again."""
    return await write(
        lambda db: commands.delete_time_off(
            db, staff, practitioner_id, absence_id=time_off_id, now=now
        ),
        done,
    )


@router.get(
    "/time-off/by-ref/{external_ref:ref}",
    summary="Show time off by your own id",
    response_model=TimeOffView,
    responses=responses(*READ_PROBLEMS),
)
async def get_time_off_by_ref(
    practitioner_id: PractitionerId, external_ref: RefInPath, staff: StaffReader, db: Reading
) -> Response:
    """Show the time off with this `external_ref`."""
    found = await read_time_off_by_ref(db, staff, practitioner_id, external_ref)
    return json_answer(present_absence(found))


@router.put(
    "/time-off/by-ref/{external_ref:ref}",
    summary="Create or replace time off by your own id",
    response_model=TimeOffAnswer,
    responses=responses(*WRITE_PROBLEMS)
    | {201: {"model": TimeOffAnswer, "description": "The time off is new."}},
)
async def put_time_off_by_ref(
    practitioner_id: PractitionerId,
    external_ref: RefInPath,
    body: PutTimeOff,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Create or replace time off by your own id: 201 if it is new, 200 if it exists.

    Repeating the call changes nothing. The id is unique in the practice: an id of another
    practitioner's time off is refused.
    """
    return await write(
        lambda db: commands.put_time_off(
            db,
            staff,
            practitioner_id,
            external_ref=external_ref,
            starts_at=body.starts_at,
            ends_at=body.ends_at,
            now=now,
        ),
        answer_absence,
    )


@router.get(
    "/busy-intervals",
    summary="List busy times of other calendars",
    response_model=BusyTimesPage,
    responses=responses(*READ_PROBLEMS),
)
async def list_busy_intervals(
    practitioner_id: PractitionerId,
    query: Annotated[BusyTimesQuery, Query()],
    staff: StaffReader,
    now: Now,
    cursors: CursorSigner,
    db: Reading,
) -> Response:
    """List the busy times of other calendars that overlap these dates, soonest first, in pages."""
    asked = PageRequest(cursors, query, Following, "busy", staff.practice_id, practitioner_id)
    found = await list_busy_times(db, staff, practitioner_id, asked.part, now=now)
    page = asked.paginate(found.entries, found.position_of)
    return json_answer(BusyTimesPage.of(page, present_busy_time))


@router.put(
    "/busy-intervals/{source:ref}",
    summary="Replace the busy times of a calendar",
    response_model=BusyTimesAnswer,
    responses=responses(*WRITE_PROBLEMS),
)
async def replace_busy_intervals(
    practitioner_id: PractitionerId,
    source: SourceName,
    body: BusyTimesRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Replace all busy times of one other calendar, at most 5,000 intervals.

    Intervals that overlap or touch are joined, and intervals that end when they start are dropped:
    see `count` and `dropped`. Other sources do not change. An empty list removes this source. A
    calendar sync can repeat the call: the same intervals change nothing. `misfits` lists the future
    sessions that no longer fit; they do not change.
    """
    return await write(
        lambda db: commands.replace_busy_times(
            db,
            staff,
            practitioner_id,
            source=source,
            times=body.times(),
            now=now,
        ),
        lambda found: answered(present_source(found)),
    )
