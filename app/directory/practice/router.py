"""`/v1/practice`: the practice itself."""

from fastapi import APIRouter, Response

from app.directory.practice.commands import change_practice
from app.directory.practice.presenter import present_practice
from app.directory.practice.queries import read_practice
from app.directory.practice.schemas import ChangePractice, PracticeRecord
from app.identity.staff_dependencies import AdminWriting, StaffAdmin, StaffReader
from app.web.dependencies import Now, Reading
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.responses import answered, json_answer

router = APIRouter(prefix="/v1/practice", tags=["Practice: records"])


@router.get(
    "",
    summary="Show the practice",
    response_model=PracticeRecord,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def get_practice(staff: StaffReader, db: Reading) -> Response:
    """Show the practice of the API key."""
    return json_answer(present_practice(await read_practice(db, staff.practice_id)))


@router.patch(
    "",
    summary="Change the practice",
    response_model=PracticeRecord,
    responses=responses(*WRITING_BY_STAFF),
)
async def update_practice(
    body: ChangePractice, staff: StaffAdmin, now: Now, write: AdminWriting
) -> Response:
    """Change the name, the contact and the look of the practice.

    Clients see the change at once, and later emails contain it. The currency is set when the
    practice is opened and cannot change. `PUT /v1/practice/logo` sets the logo.
    """
    return await write(
        lambda db: change_practice(
            db, staff.practice_id, staff.actor, values=body.values(), now=now
        ),
        lambda practice: answered(present_practice(practice)),
    )
