"""`/v1/practice/sessions/{session_id}/links`: staff issue and revoke a session's links."""

from fastapi import APIRouter, Response

from app.identity.client_dependencies import LinkSigner
from app.identity.staff_dependencies import StaffSecretWriting, StaffWriter, StaffWriting
from app.links import commands
from app.links.presenter import present_link, present_revocation
from app.links.schemas import IssuedLinkView, RevokedLinksView
from app.web.app_settings import AppSettings
from app.web.dependencies import Now
from app.web.problems.catalogue import responses
from app.web.responses import answered, created
from app.web.types import RecordId

router = APIRouter(prefix="/v1/practice/sessions/{session_id}/links", tags=["Practice: access"])

PROBLEMS = (
    "unauthorized",
    "forbidden",
    "not-found",
    "validation-failed",
    "payload-too-large",
    "unsupported-media-type",
    "service-unavailable",
)


@router.post(
    "",
    summary="Issue a session's link",
    status_code=201,
    response_model=IssuedLinkView,
    responses=responses(*PROBLEMS, "client-erased"),
)
async def issue_session_link(
    session_id: RecordId,
    staff: StaffWriter,
    now: Now,
    links: LinkSigner,
    settings: AppSettings,
    write: StaffSecretWriting,
) -> Response:
    """Issue the "Need to reschedule?" link of a session, for your own emails or pages.

    Like the links in Reslot's emails, it opens this one session without signing in, and stays valid
    when the session moves. The link is a secret, so the response is not stored: the request takes
    no `Idempotency-Key`. Repeating the request gives another valid link.
    """
    return await write(
        lambda db: commands.issue_link(
            db, staff.practice_id, session_id, links=links, actor=staff.actor, now=now
        ),
        lambda signed: created(present_link(signed, settings)),
    )


@router.post(
    "/revoke",
    summary="Revoke a session's links",
    response_model=RevokedLinksView,
    responses=responses(*PROBLEMS, "idempotency-key-reused", "idempotency-key-in-use"),
)
async def revoke_session_links(
    session_id: RecordId, staff: StaffWriter, now: Now, write: StaffWriting
) -> Response:
    """Revoke all links of a session issued so far, and the access tokens obtained with them.

    This includes links in emails. Links issued later are valid: the next email about the session
    contains one.
    """
    return await write(
        lambda db: commands.revoke_links(
            db, staff.practice_id, session_id, actor=staff.actor, now=now
        ),
        lambda instant: answered(present_revocation(instant)),
    )
