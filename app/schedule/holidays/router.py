"""`/v1/practice/holidays`: the dates and weekdays on which the whole practice is closed."""

from fastapi import APIRouter, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.schedule.holidays.commands import set_holidays
from app.schedule.holidays.presenter import present_holidays, present_new_holidays
from app.schedule.holidays.repository import read_closed_times
from app.schedule.holidays.schemas import HolidaysAnswer, HolidaysRequest, HolidaysView
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import answered, json_answer

router = APIRouter(prefix="/v1/practice/holidays", tags=["Practice: hours"])


@router.get(
    "",
    summary="Show holidays",
    response_model=HolidaysView,
    responses=responses(*READING_BY_STAFF),
)
async def get_holidays(staff: StaffReader, db: Reading) -> Response:
    """Show all dates and weekdays on which the whole practice is closed, also past dates."""
    return json_answer(present_holidays(await read_closed_times(db, staff.practice_id)))


@router.put(
    "",
    summary="Replace holidays",
    response_model=HolidaysAnswer,
    responses=responses(*WRITING_BY_STAFF),
)
async def replace_holidays(
    body: HolidaysRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Replace the dates, and if named the weekdays, on which the whole practice is closed.

    On these days no practitioner has weekly hours. A practitioner's `hours-overrides` of the date
    still apply. Each practitioner uses their own time zone for the dates.

    All other days are the working days that deadlines of a policy count (`working_days`). Such a
    deadline is calculated when a session is booked and when its start changes. So this call changes
    no deadline of a booked session.

    Booked sessions do not change. `misfits` lists the future sessions of all practitioners that do
    not fit, for example because they are outside working hours on a holiday.
    """
    return await write(
        lambda db: set_holidays(
            db,
            staff,
            holidays=body.holidays(),
            closed_weekdays=body.closed_weekdays,
            now=now,
        ),
        lambda found: answered(present_new_holidays(found)),
    )
