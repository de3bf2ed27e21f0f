"""`/v1/practice/practitioners/{practitioner_id}/…`: when a practitioner is not there."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from app.directory.fields import RefInPath
from app.identity.dependencies import StaffReader, StaffWriter, StaffWriting
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
from app.web.types import ExistingId, PractitionerId

router = APIRouter(prefix="/v1/practice/practitioners/{practitioner_id}", tags=["Practice: hours"])

TimeOffId = Annotated[
    ExistingId,
    Path(description="The time off's id. Any id that is not the practice's own is a 404."),
]
SourceName = Annotated[
    Source,
    Path(description="Which calendar says so: a name that you choose. It may contain slashes."),
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
    """List the time off that reaches into these dates, soonest first, a page at a time."""
    asked = PageRequest(cursors, query, Following, "time_off", staff.practice_id, practitioner_id)
    found = await list_absences(db, staff, practitioner_id, asked.part, now=now)
    page = asked.paginate(found.entries, found.position_of)
    return json_answer(TimeOffPage.of(page, present_absence))


@router.post(
    "/time-off",
    summary="Take time off",
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
    """Take a practitioner's time off, two years at most: nothing is offered meanwhile.

    It may overlap booked sessions. They stay as they are, and `misfits` lists those to come that do
    not fit the practitioner's time any more.
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
    """Change what the body names; everything else stays. `misfits` lists sessions in the way."""
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
    summary="Take time off back",
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
    """Take time off back: the hours of then are on offer again."""
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
    """Show the time off that has this id in your own software."""
    found = await read_time_off_by_ref(db, staff, practitioner_id, external_ref)
    return json_answer(present_absence(found))


@router.put(
    "/time-off/by-ref/{external_ref:ref}",
    summary="Write time off by your own id",
    response_model=TimeOffAnswer,
    responses=responses(*WRITE_PROBLEMS)
    | {201: {"model": TimeOffAnswer, "description": "It is new."}},
)
async def put_time_off_by_ref(
    practitioner_id: PractitionerId,
    external_ref: RefInPath,
    body: PutTimeOff,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
) -> Response:
    """Write the time off with this id of your own software, whether it is there or not.

    A 201 says that it is new. The same again changes nothing. The id is unique in the practice: one
    that belongs to another practitioner's time off is refused.
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
    summary="List times taken in other calendars",
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
    """List what other calendars take of these dates, soonest first, a page at a time."""
    asked = PageRequest(cursors, query, Following, "busy", staff.practice_id, practitioner_id)
    found = await list_busy_times(db, staff, practitioner_id, asked.part, now=now)
    page = asked.paginate(found.entries, found.position_of)
    return json_answer(BusyTimesPage.of(page, present_busy_time))


@router.put(
    "/busy-intervals/{source:ref}",
    summary="Replace the times taken in a calendar",
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
    """Replace all that one outside calendar takes; a calendar sync can push again and again.

    Up to 5,000 intervals. Those that overlap or touch are joined, those that end when they start
    are dropped: `count` and `dropped` tell how many. Other sources stay as they are; an empty list
    ends this one. The same again changes nothing. `misfits` lists booked sessions to
    come that do not fit any more; they stay as they are.
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
