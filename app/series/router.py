"""`/v1/practice/series`: staff book sessions at regular dates."""

from fastapi import APIRouter, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.series.commands import book_series, plan_series
from app.series.presenter import present_booked_series, present_preview, present_series
from app.series.queries import read_series
from app.series.schemas import BookSeriesRequest, SeriesAnswer, SeriesView
from app.sessions.client_api.reasons import reasons_for_staff
from app.web.dependencies import Now, Reading
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/series", tags=["Practice: series"])


@router.post(
    "",
    status_code=201,
    summary="Book a series",
    response_model=SeriesAnswer,
    responses={
        200: {"model": SeriesAnswer, "description": "The preview of a series."},
        **responses("scope-conflicts", "credit-unavailable", *WRITING_BY_STAFF),
    },
)
async def book_practice_series(
    body: BookSeriesRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Book sessions of a client at regular dates: all of them, or none.

    All dates have the same local time in the practitioner's zone, also after clocks change. Each
    session is an ordinary one, with its own id, link, price and policy, and is moved and cancelled
    alone or with those that follow it. `package_id` pays for each session with one credit.

    If a date is not free, the response is `scope-conflicts` with the nearest free times of each,
    and nothing is booked. Choose another start, or leave those dates out with `skip_conflicts`.

    With `preview` nothing is booked, `series` is null, and the answer has status 200. It does not
    look at how many credits are left.
    """
    order = body.order()
    if body.preview:
        return await write(
            lambda db: plan_series(db, staff, order, now=now),
            lambda plan: StoredAnswer(200, None, as_json(present_preview(plan))),
        )
    return await write(
        lambda db: book_series(db, staff, order, now=now),
        lambda booked: StoredAnswer(201, None, as_json(present_booked_series(booked))),
    )


@router.get(
    "/{series_id}",
    summary="Show a series",
    response_model=SeriesView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_series(series_id: RecordId, staff: StaffReader, db: Reading) -> Response:
    """Show a series with all its sessions, also those that are cancelled or were moved alone."""
    found = await read_series(db, staff.practice_id, series_id)
    return json_answer(present_series(found, reasons_for_staff(staff.scope)))
