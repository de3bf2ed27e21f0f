"""`/v1/practice`: the practice itself."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from fastapi import APIRouter, Response

from app.context import AdminWriting, Now, Reading, StaffAdmin, StaffReader, answered, json_answer
from app.currencies import decimals_of
from app.practices.endpoints import CREATE_PROBLEMS
from app.practices.practice.commands import change_practice, read_practice
from app.practices.practice.schemas import ChangePractice, PracticeRecord
from app.problems.catalogue import responses

router = APIRouter(prefix="/v1/practice", tags=["Practice: records"])


@router.get(
    "",
    summary="Show the practice",
    response_model=PracticeRecord,
    responses=responses("unauthorized", "forbidden", "service-unavailable"),
)
async def get_practice(staff: StaffReader, db: Reading) -> Response:
    """Show the practice that the API key is of."""
    return json_answer(_present(await read_practice(db, staff.practice_id)))


@router.patch(
    "",
    summary="Change the practice",
    response_model=PracticeRecord,
    responses=CREATE_PROBLEMS,
)
async def update_practice(
    body: ChangePractice, staff: StaffAdmin, now: Now, write: AdminWriting
) -> Response:
    """Change how the practice is called and reached.

    Clients are shown this at once, and mails sent from now on carry it. The currency is set when
    the practice is opened, for good.
    """
    command = partial(change_practice, staff=staff, values=body.values(), now=now)
    return await write(command, lambda practice: answered(_present(practice)))


def _present(practice: Mapping[str, Any]) -> PracticeRecord:
    """Show the practice, with how its amounts are written."""
    return PracticeRecord(**practice, currency_decimals=decimals_of(practice["currency"]))
