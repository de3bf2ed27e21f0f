"""`/v1/practice/move-requests`: staff ask clients to choose another time."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.move_requests.commands.ask import ask_to_move
from app.move_requests.commands.plan import plan_request
from app.move_requests.commands.withdraw import withdraw_request
from app.move_requests.presenter import (
    present_request,
    present_requests,
    preview_answer,
    request_answer,
)
from app.move_requests.queries import list_move_requests, read_move_request
from app.move_requests.schemas import (
    AskToMove,
    MoveRequestAnswer,
    MoveRequestPage,
    MoveRequestPreview,
    MoveRequestsQuery,
    MoveRequestView,
)
from app.web.app_settings import AppSettings
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/move-requests", tags=["Practice: move requests"])


@router.post(
    "",
    status_code=201,
    summary="Ask clients for another time",
    response_model=MoveRequestAnswer,
    responses={
        200: {"model": MoveRequestPreview, "description": "The preview: who would be asked."},
        **responses(*WRITING_BY_STAFF, "not-found"),
    },
)
async def request_moves(
    body: AskToMove, staff: StaffWriter, settings: AppSettings, now: Now, write: StaffWriting
) -> Response:
    """Ask the clients of up to 100 sessions for another time, for example on an ill day.

    Each client gets one email with a link for each of their sessions. Until `answer_by` they can
    move or cancel them free of charge, whatever the policy says; it does not count towards a limit.
    Opening the link changes nothing. `move_request.answered` tells you of each answer.

    A session that is not booked, has started, or has an open request already is a 422 if you name
    it in `sessions`; in a range, and among misfits, it is left out.

    With `meanwhile: "cancel"` the sessions are cancelled at once, and credits are returned. A
    client who then chooses another time gets the same session back.

    With `preview` nothing is written, and the answer has status 200.
    """
    new = body.request()
    if body.preview:
        return await write(lambda db: plan_request(db, staff.practice_id, new, now), preview_answer)
    return await write(
        lambda db: ask_to_move(db, staff, new, now=now, credit_grace=settings.credit_grace),
        lambda outcome: request_answer(outcome, now, status=201),
    )


@router.get(
    "",
    summary="List move requests",
    response_model=MoveRequestPage,
    responses=responses(*READING_BY_STAFF),
)
async def list_practice_move_requests(
    query: Annotated[MoveRequestsQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    now: Now,
    db: Reading,
) -> Response:
    """List move requests, the latest first, with the state of each session."""
    asked = PageRequest(cursors, query, TimePosition, "move_requests", staff.practice_id)
    found = await list_move_requests(db, staff.practice_id, asked.part, now)
    page = asked.paginate(found, lambda last: TimePosition(last.asked_at, last.id))
    return json_answer(present_requests(page, now))


@router.get(
    "/{move_request_id}",
    summary="Show a move request",
    response_model=MoveRequestView,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_practice_move_request(
    move_request_id: RecordId, staff: StaffReader, now: Now, db: Reading
) -> Response:
    """Show a move request: who has answered how, and who has not."""
    found = await read_move_request(db, staff.practice_id, move_request_id)
    return json_answer(present_request(found, now))


@router.post(
    "/{move_request_id}/withdraw",
    summary="Withdraw a move request",
    response_model=MoveRequestAnswer,
    responses=responses(*WRITING_BY_STAFF, "not-found"),
)
async def withdraw_practice_move_request(
    move_request_id: RecordId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """End a move request for the sessions whose clients have not answered.

    These sessions stay as they are: the policy holds again, and a session that the request has
    cancelled stays cancelled. Nobody is told by email. Withdrawing again, or once nobody can answer
    any more, changes nothing.
    """
    return await write(
        lambda db: withdraw_request(db, staff, move_request_id, now=now),
        lambda outcome: request_answer(outcome, now),
    )
