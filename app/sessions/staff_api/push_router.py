"""`PUT /v1/practice/sessions/by-ref/{external_ref}`: writing sessions by the practice's own ids."""

from fastapi import APIRouter, Response

from app.directory.fields import RefInPath
from app.identity.dependencies import StaffWriter, StaffWriting
from app.sessions.commands.push import Push, push_session
from app.sessions.staff_api.commands_router import answer
from app.sessions.staff_api.schemas import PutSession, StaffCommandAnswer
from app.web.dependencies import Now
from app.web.problems.catalogue import WRITING_BY_STAFF, responses
from app.web.request_headers import IfMatch

router = APIRouter(prefix="/v1/practice/sessions", tags=["Practice: sessions"])


@router.put(
    "/by-ref/{external_ref:ref}",
    summary="Write a session by your own id",
    response_model=StaffCommandAnswer,
    responses={
        201: {
            "model": StaffCommandAnswer,
            "description": "There was none with this `external_ref`: it was booked.",
        },
        **responses(
            "slot-unavailable",
            "credit-unavailable",
            "session-changed",
            "session-not-booked",
            "version-mismatch",
            *WRITING_BY_STAFF,
        ),
    },
)
async def put_practice_session_by_ref(
    external_ref: RefInPath,
    body: PutSession,
    staff: StaffWriter,
    now: Now,
    write: StaffWriting,
    if_match: IfMatch = None,
) -> Response:
    """Write a session under your own id: 201 where it is booked by this, 200 where it was there.

    Push it as often as you like. A push is compared with the push before it: the same again changes
    nothing, also where the client has moved or cancelled the session since. A new start, duration,
    format or location moves the session as `reschedule` does, without a fee. The time has to be
    free as for a booking. A location, price, duration or package that is left out stays as it is.

    Client, practitioner, service, package and price cannot change once the session is booked: that
    is a 422 at the field. What is new for a session that the client has moved since the push before
    is a 409 `session-changed`, which names the session; `If-Match` with the present `ETag`, or
    `force`, moves it all the same. A session that is not booked any more is not moved
    (`session-not-booked`). A push never cancels: call `POST …/cancel`, and `POST …/undo` to take
    that back.

    With `notify: false` neither the client nor the practitioner gets an email about this change.
    Reminders that are still to come are queued, and webhooks are told, all the same.
    """
    push = Push(
        body.booking(external_ref),
        external_ref,
        force=body.force,
        notify=body.notify,
        if_match=if_match,
    )
    return await write(
        lambda db: push_session(db, staff, push, now=now),
        lambda pushed: answer(pushed.outcome, status=201 if pushed.is_new else 200),
    )
