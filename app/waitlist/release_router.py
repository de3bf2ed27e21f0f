"""A client gives up a session's time only if somebody who waits takes it."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from app.identity.client_dependencies import AnyCall, Writing
from app.sessions.client_api.problems import WRITE_PROBLEMS
from app.waitlist.commands.release import release_time, take_back_release
from app.waitlist.presenter import release_answer
from app.waitlist.release_schemas import ReleaseAnswer, ReleaseRequest
from app.web.problems.catalogue import responses
from app.web.request_headers import IfMatch
from app.web.responses import done
from app.web.types import SessionId

router = APIRouter(prefix="/v1/sessions", tags=["Waitlist"])


@router.post(
    "/{session_id}/release",
    summary="Give up the time only if somebody takes it",
    response_model=ReleaseAnswer,
    responses={
        201: {"model": ReleaseAnswer, "description": "The release is new."},
        **responses(
            *WRITE_PROBLEMS,
            "version-mismatch",
            "action-disabled",
            "session-not-booked",
            "session-started",
            "waitlist-off",
            "release-unavailable",
        ),
    },
)
async def release_session(
    session_id: SessionId,
    call: AnyCall,
    if_match: IfMatch,
    write: Writing,
    body: Annotated[ReleaseRequest, Body()] = ReleaseRequest(),  # noqa: B008 - never changed
) -> Response:
    """Offer the session's time to those who wait for an earlier one. The session stays booked.

    If somebody takes the time, the session is cancelled at that moment, free of charge; a package
    credit is returned. If nobody has taken it by `until`, nothing has happened, and the client is
    told by email. Nobody is told whose time it is. For a group, only the client's seat is given up.

    It is possible where `release.available` of the decision on `cancel` is true, also after the
    deadline for cancelling. Until the time is taken, the client may cancel or move the session as
    usual; every change of the session ends the release. Sending it again changes `until`, though
    not to an instant before the `answer_by` of an open offer of the time (a 422).
    """
    return await write(
        lambda db: release_time(
            db, call.caller, session_id, body.until, if_match=if_match, now=call.now
        ),
        release_answer,
    )


@router.delete(
    "/{session_id}/release",
    status_code=204,
    summary="Take back the release of a time",
    responses=responses(*WRITE_PROBLEMS),
)
async def delete_release(session_id: SessionId, call: AnyCall, write: Writing) -> Response:
    """Keep the time: it is no longer offered to others. Without a release nothing changes.

    If somebody has accepted meanwhile, the session is cancelled, and stays so.
    """
    return await write(
        lambda db: take_back_release(db, call.caller, session_id, now=call.now), done
    )
