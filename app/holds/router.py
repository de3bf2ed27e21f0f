"""`PUT` and `DELETE /v1/sessions/{session_id}/hold`."""

from fastapi import APIRouter, Response, status

from app.holds.commands import hold, release
from app.holds.presenter import hold_answer
from app.holds.schemas import HoldRequest, HoldView
from app.identity.client_dependencies import AnyCall, Writing
from app.sessions.client_api.problems import COMMAND_PROBLEMS, READ_PROBLEMS
from app.sessions.commands.meeting import WantedMove
from app.web.problems.catalogue import responses
from app.web.request_headers import IfMatch
from app.web.responses import done
from app.web.types import SessionId

router = APIRouter(prefix="/v1/sessions", tags=["Sessions"])
_KEYS = ("idempotency-key-reused", "idempotency-key-in-use")


@router.put(
    "/{session_id}/hold",
    summary="Hold a time while choosing it",
    response_model=HoldView,
    responses=responses(
        *(code for code in COMMAND_PROBLEMS if code != "quote-required"),
        "reschedule-limit-reached",
        "slot-unavailable",
        "no-change",
        "rate-limited",
    ),
)
async def put_hold(
    session_id: SessionId, body: HoldRequest, call: AnyCall, write: Writing, if_match: IfMatch
) -> Response:
    """Keep an available slot for this session, so that nobody else takes it meanwhile.

    Others are not offered the time, and are refused with `slot-unavailable` and `held_until`. This
    session's availability still has the slot, with `held_until`. Only its `reschedule` can take it.

    A hold lasts 5 minutes. The same request again renews it, up to 15 minutes in all: with another
    `Idempotency-Key`, or none, because the same key gives the first answer again. A session
    holds one time: another request replaces the hold. The move to the time uses it up; another move
    or a cancellation ends it, and so does the end of the sign-in or of the link. A move does not
    need a hold: once it has expired, the move succeeds if the time is free.

    At most 20 new holds an hour for a session, and 3 at a time for a client: else `rate-limited`.
    Changes nothing of the session, not its version either, and notifies nobody.
    """
    requested = WantedMove(body.start, body.format, body.location_id, body.group_id)
    return await write(
        lambda db: hold(
            db,
            call.caller,
            session_id,
            requested=requested,
            quote=body.quote,
            if_match=if_match,
            quotes=call.quotes,
            now=call.now,
        ),
        hold_answer,
    )


@router.delete(
    "/{session_id}/hold",
    summary="Release a held time",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses(*READ_PROBLEMS, *_KEYS),
)
async def delete_hold(session_id: SessionId, call: AnyCall, write: Writing) -> Response:
    """Release the time that the session holds: it is open to all at once.

    The response is the same 204 if it holds none.
    """
    return await write(lambda db: release(db, call.caller, session_id), done)
