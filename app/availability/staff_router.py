"""`GET /v1/practice/availability`: the free times of a practitioner."""

from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response

from app.availability.staff_presenter import present_free_times
from app.availability.staff_queries import WantedService, read_free_times
from app.availability.staff_schemas import FreeTimesQuery, FreeTimesView
from app.identity.staff_dependencies import StaffReader
from app.web.dependencies import Now, ReaderTexts, Reading
from app.web.problems.catalogue import READING_BY_STAFF, responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/practice/availability", tags=["Practice: sessions"])


@router.get(
    "",
    summary="List free times",
    response_model=FreeTimesView,
    responses=responses(*READING_BY_STAFF),
)
async def get_practice_availability(
    query: Annotated[FreeTimesQuery, Query()],
    staff: StaffReader,
    db: Reading,
    now: Now,
    texts: ReaderTexts,
) -> Response:
    """List the times at which a session of a service with a practitioner can be booked.

    By default they are what a client without a policy could choose. With `as=staff`, minimum
    notice, horizon and the practitioner's limits do not bind; the list still has times on the
    service's step only. Times that somebody holds are not free. Neither rule knows which client
    comes: booking compares the client's own sessions.

    Groups are not among them: `GET /v1/practice/groups` lists those.
    """
    wanted = WantedService(
        query.service, query.practitioner, query.format, as_staff=query.rules_for == "staff"
    )
    found = await read_free_times(
        db,
        staff.practice_id,
        wanted,
        first=query.first,
        last=query.last,
        zone=None if query.time_zone is None else ZoneInfo(query.time_zone),
        now=now,
    )
    return json_answer(present_free_times(found, texts), texts=texts)
