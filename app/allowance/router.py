"""`/v1/practice/clients/{client_id}/allowance`: staff see a client's allowance, and adjust it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from app.allowance.commands import adjust_allowance
from app.allowance.presenter import adjust_answer, present_client_allowance
from app.allowance.queries import list_uses, read_sessions
from app.allowance.schemas import AdjustAnswer, AdjustRequest, AllowanceQuery, ClientAllowance
from app.identity.staff_dependencies import StaffReader, StaffWriter, StaffWriting
from app.sessions.commands.orders import ChangeReason
from app.web.cursors import TimePosition
from app.web.dependencies import CursorSigner, Now, Reading
from app.web.pagination import PageRequest
from app.web.problems.catalogue import READING_BY_STAFF, WRITING_BY_STAFF, responses
from app.web.responses import json_answer
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/clients", tags=["Practice: fees"])


@router.get(
    "/{client_id}/allowance",
    summary="Show a client's allowance",
    response_model=ClientAllowance,
    responses=responses(*READING_BY_STAFF, "not-found"),
)
async def get_client_allowance(
    client_id: RecordId,
    query: Annotated[AllowanceQuery, Query()],
    staff: StaffReader,
    cursors: CursorSigner,
    now: Now,
    db: Reading,
) -> Response:
    """Show what is left for a client's sessions to come, and list what they have used.

    Uses are counted over all sessions at the practice. How many are free, and for how long a use
    counts, comes from the policy of each session's booking.
    """
    practice_id = staff.practice_id
    asked = PageRequest(cursors, query, TimePosition, "allowance", practice_id, client_id)
    sessions = await read_sessions(db, practice_id, client_id, now)
    found = await list_uses(db, practice_id, client_id, asked.part)
    page = asked.paginate(found, lambda last: TimePosition(last.used_at, last.id))
    return json_answer(present_client_allowance(client_id, sessions, page))


@router.post(
    "/{client_id}/allowance/adjust",
    summary="Adjust a client's allowance",
    response_model=AdjustAnswer,
    responses=responses(*WRITING_BY_STAFF, "not-found", "client-erased"),
)
async def adjust_client_allowance(
    client_id: RecordId, body: AdjustRequest, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Count one use more, or give the client's latest use back. The client is not told.

    The reason is in the audit log. A use that is given back no longer counts; to give a client more
    than their policies have, waive a fee instead.
    """
    reason = ChangeReason(body.reason.code, body.reason.note)
    return await write(
        lambda db: adjust_allowance(db, staff, client_id, uses=body.uses, reason=reason, now=now),
        lambda adjusted: adjust_answer(client_id, adjusted),
    )
