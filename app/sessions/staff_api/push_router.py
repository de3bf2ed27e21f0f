"""`PUT /v1/practice/sessions/by-ref/{external_ref}`: write sessions by the practice's own ids."""

from fastapi import APIRouter, Response

from app.directory.fields import RefInPath
from app.identity.staff_dependencies import StaffWriter, StaffWriting
from app.sessions.commands.push import Push, push_session
from app.sessions.staff_api.presenter import staff_command_answer
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
            "description": "A new session was booked with this `external_ref`.",
        },
        **responses(
            "slot-unavailable",
            "group-full",
            "group-cancelled",
            "credit-unavailable",
            "session-changed",
            "session-not-booked",
            "version-mismatch",
            "client-erased",
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
    """Write a session under your own id: 201 if this request books it, 200 if it exists already.

    You can push a session any number of times. A push is compared with the previous push: the same
    values change nothing, even if the client has moved or cancelled the session since. A new start,
    duration, format or location moves the session like `reschedule`, without a fee. The time must
    be free as for a booking. An absent location, price, duration or package stays unchanged.

    Client, practitioner, service, package and price of a booked session cannot change: this is a
    422 that names the field. New values for a session that the client has moved since the previous
    push are a 409 `session-changed`, which names the session; `If-Match` with the current `ETag`,
    or `force`, moves it anyway. A session that is no longer booked cannot be moved
    (`session-not-booked`). A push never cancels: use `POST …/cancel`, and `POST …/undo` to revert
    it.

    With `group_id` the session is a seat of that group. A new `group_id` moves it to a group of the
    same service and practitioner.

    With `notify: false` neither the client nor the practitioner gets an email about this change.
    Later reminders and webhooks are still sent.
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
        lambda pushed: staff_command_answer(pushed.outcome, status=201 if pushed.is_new else 200),
    )
