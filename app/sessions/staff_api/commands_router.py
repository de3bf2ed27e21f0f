"""`/v1/practice/sessions/{session_id}/…`: what staff do to a session that is there."""

from fastapi import APIRouter, Response

from app.identity.dependencies import StaffWriter, StaffWriting
from app.sessions.commands.attendance import mark_fulfilled, mark_noshow
from app.sessions.commands.cancel import cancel_by_staff
from app.sessions.commands.meeting import Wish
from app.sessions.commands.orders import Reason, StaffOrder, StaffOutcome
from app.sessions.commands.reschedule import reschedule_by_staff
from app.sessions.commands.undo import undo
from app.sessions.staff_api.presenter import (
    present_staff_outcome,
)
from app.sessions.staff_api.schemas import (
    FulfilledRequest,
    NoshowRequest,
    StaffCancelRequest,
    StaffCommandAnswer,
    StaffRescheduleRequest,
    UndoRequest,
)
from app.web.dependencies import AppSettings, Now
from app.web.idempotency import StoredAnswer
from app.web.json import as_json
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.request_headers import IfMatch
from app.web.types import RecordId
from app.web.views import Reason as ReasonBody

router = APIRouter(prefix="/v1/practice/sessions", tags=["Practice: sessions"])

COMMAND_PROBLEMS = ("session-not-booked", "version-mismatch", *WRITING_BY_STAFF, "not-found")


@router.post(
    "/{session_id}/cancel",
    summary="Cancel a session for the practice",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def cancel_practice_session(
    session_id: RecordId,
    body: StaffCancelRequest,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Cancel a booked session at any time: its time is free at once, and the client is told.

    The policy's deadlines do not bind you. `charge_fee` says whether the client is charged what the
    policy asks at this moment. Cancelling a cancelled session does nothing.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: cancel_by_staff(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        answer,
    )


@router.post(
    "/{session_id}/reschedule",
    summary="Move a session for the practice",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS, "slot-unavailable", "no-change"),
)
async def reschedule_practice_session(
    session_id: RecordId,
    body: StaffRescheduleRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Move a booked session in place, or change its format; the client is told.

    The time has to be free as for a booking, or with `force` free of other sessions. Your moves do
    not count against the client's limit, and how far he may move it himself counts from the new
    start. The same `start` with another `format` is a change of format.
    """
    wish = Wish(body.start, body.format, body.location_id)
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: reschedule_by_staff(
            db, staff, session_id, wish=wish, force=body.force, order=order, now=now
        ),
        answer,
    )


@router.post(
    "/{session_id}/fulfilled",
    summary="Mark a session as having taken place",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def mark_session_fulfilled(
    session_id: RecordId,
    body: FulfilledRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Write down that a booked session took place. Nobody gets a mail; webhooks are told.

    A package credit that pays for it is used up. Marking it again does nothing; one that was marked
    by mistake is set right with `undo`.
    """
    reason = _reason(body.reason)
    return await write(
        lambda db: mark_fulfilled(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        answer,
    )


@router.post(
    "/{session_id}/noshow",
    summary="Mark a session as missed by its client",
    response_model=StaffCommandAnswer,
    responses=responses(*COMMAND_PROBLEMS),
)
async def mark_session_noshow(
    session_id: RecordId,
    body: NoshowRequest,
    staff: StaffWriter,
    settings: AppSettings,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Write down that the client did not come, with or without the policy's fee; he is told.

    `charge_fee` asks of him what the policy asks for a cancellation after the start: its fee, or
    the credit. Marking it again does nothing; a mistake is set right with `undo`.
    """
    order = StaffOrder(_reason(body.reason), body.charge_fee, if_match)
    return await write(
        lambda db: mark_noshow(
            db, staff, session_id, order=order, now=now, credit_grace=settings.credit_grace
        ),
        answer,
    )


@router.post(
    "/{session_id}/undo",
    summary="Undo a cancellation, or a mark",
    response_model=StaffCommandAnswer,
    responses=responses(
        *(code for code in COMMAND_PROBLEMS if code != "session-not-booked"),
        "slot-unavailable",
        "credit-unavailable",
        "no-change",
    ),
)
async def undo_session_end(
    session_id: RecordId,
    body: UndoRequest,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch,
) -> Response:
    """Set a cancelled, fulfilled or missed session back to booked, while its time is still free.

    A fee that the cancellation or the mark caused is void, even where it was settled: giving money
    back is yours. A package credit pays for the session again; where it is gone meanwhile, the
    answer is `credit-unavailable` and nothing has changed. The client is told, except where the
    session was marked as having taken place. A session that is booked is `no-change`.
    """
    reason = Reason(body.reason.code, body.reason.note)
    return await write(
        lambda db: undo(db, staff, session_id, reason=reason, if_match=if_match, now=now),
        answer,
    )


def answer(outcome: StaffOutcome, *, status: int = 200) -> StoredAnswer:
    """Show the session as it is after a command, to be sent and to be kept with its key."""
    shown = present_staff_outcome(outcome.found, outcome.cost)
    return StoredAnswer(status, outcome.found.session.etag, as_json(shown))


def _reason(body: ReasonBody | None) -> Reason | None:
    return None if body is None else Reason(body.code, body.note)
