"""`POST /v1/links/open`."""

from datetime import timedelta

from fastapi import APIRouter, Response

from app.identity.client_dependencies import AccessSigner, LinkSigner, QuoteSigner
from app.identity.presenter import present_practice
from app.identity.short_links.queries import read_session_link
from app.links.queries import open_link
from app.links.schemas import OpenedLink, OpenLinkRequest
from app.sessions.client_api.presenter import present_details
from app.sessions.client_api.reasons import ReasonVisibility
from app.sessions.read.queries import read_session
from app.web.app_settings import AppSettings
from app.web.dependencies import Now, ReaderTexts, Reading
from app.web.problems.catalogue import responses
from app.web.responses import json_answer

router = APIRouter(prefix="/v1/links", tags=["Links"])


@router.post(
    "/open",
    summary="Open an email link",
    response_model=OpenedLink,
    responses=responses(
        "link-invalid",
        "link-expired",
        "validation-failed",
        "payload-too-large",
        "unsupported-media-type",
        "service-unavailable",
    ),
)
async def open_email_link(
    body: OpenLinkRequest,
    now: Now,
    settings: AppSettings,
    links: LinkSigner,
    tokens: AccessSigner,
    quotes: QuoteSigner,
    db: Reading,
    texts: ReaderTexts,
) -> Response:
    """Exchange the token of a "Need to reschedule?" link for an access token, without signing in.

    The code of the link in a text message, 16 letters and digits, is such a token too.

    The access token is short-lived and valid for this session only. With `scope:
    this_and_following` it also previews and changes those that follow in the series. Opening a link
    changes nothing and works any number of times, so a mail scanner that follows it does no harm.
    A link stays valid when the session moves, until some time after the session's end. Malformed,
    forged and revoked tokens are `link-invalid`, expired ones `link-expired`.
    """
    lifetime = timedelta(minutes=settings.link_access_minutes)
    link = await read_session_link(db, body.token, links)
    caller, practice = await open_link(db, link, now, timedelta(days=settings.link_days))
    record = await read_session(db, caller, link.session_id)
    return json_answer(
        OpenedLink(
            access_token=tokens.sign(caller, now + lifetime),
            token_type="Bearer",  # noqa: S106 - the name of a scheme
            expires_in=int(lifetime.total_seconds()),
            session=present_details(
                record, record.client_zone, quotes, now, reasons=ReasonVisibility.CODES, texts=texts
            ),
            practice=present_practice(practice),
        ),
        etag=record.etag,
        texts=texts,
    )
