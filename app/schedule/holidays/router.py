"""`/v1/practice/holidays`: when the whole practice is closed."""

from fastapi import APIRouter, Response

from app.identity.dependencies import StaffReader, StaffWriter, StaffWriting
from app.schedule.holidays.commands import set_holidays
from app.schedule.holidays.presenter import present_holidays, present_new_holidays
from app.schedule.holidays.repository import read_holidays
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
    """Show the dates on which the whole practice is closed, past ones too, by date."""
    return json_answer(present_holidays(await read_holidays(db, staff.practice_id)))


@router.put(
    "",
    summary="Replace holidays",
    response_model=HolidaysAnswer,
    responses=responses(*WRITING_BY_STAFF),
)
async def replace_holidays(
    body: HolidaysRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Close the whole practice on these dates, and on no others.

    On a holiday no practitioner has weekly hours. A practitioner's own hours of that date
    (`hours-overrides`) hold all the same. Dates are local dates of each practitioner.

    Booked sessions stay as they are. `misfits` lists those to come, of all practitioners, that do
    not fit: a session on a holiday lies outside the hours.
    """
    return await write(
        lambda db: set_holidays(db, staff, holidays=body.holidays(), now=now),
        lambda found: answered(present_new_holidays(found)),
    )
